/** All tasks of a job at a glance, and each of them a click or a few keys away. */

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ProblemAlert } from "@/components/problem-alert";
import { isActive, TASK_STATUS_STYLES } from "@/components/status-indicators";
import { useApi } from "@/lib/api/context";
import type { Counts, Job, TaskStatus } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";
import { useRefreshMode } from "@/lib/preferences";
import { mapQuery } from "./api";
import { type Shading, STATUSES } from "./grid";
import { MapCanvas } from "./map-canvas";

const MANY = 100_000;

const SHADINGS: { id: Shading; text: string }[] = [
  { id: "worst", text: "Worst" },
  { id: "majority", text: "Majority" },
  { id: "rate", text: "Failure rate" },
];

const COUNTED: Record<TaskStatus, keyof Counts> = {
  PENDING: "pending",
  RUNNING: "running",
  RETRYING: "retrying",
  COMPLETED: "completed",
  FAILED: "failed",
  CANCELLED: "cancelled",
};

export interface TaskMapProps {
  job: Job;
  shown: number | null;
  onOpen: (index: number) => void;
}

export function TaskMap({ job, shown, onOpen }: TaskMapProps) {
  const moving = isActive(job);
  const every = (job.task_count ?? 0) > MANY ? 5_000 : 2_000;
  const paused = useRefreshMode() === "paused";
  const found = useQuery({ ...mapQuery(useApi(), job.id), refetchInterval: moving && !paused ? every : false });
  const [shading, setShading] = useState<Shading>("worst");
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={<MapCounts counts={job.counts} />}
          actions={
            <SegmentedControl
              label="Shading"
              selectedId={shading}
              options={SHADINGS}
              onChange={({ detail }) => setShading(detail.selectedId as Shading)}
            />
          }
        >
          Task map
        </Header>
      }
    >
      {found.data && found.data.total > 0 ? (
        <MapCanvas map={found.data} shading={shading} shown={shown} onOpen={onOpen} />
      ) : found.isError ? (
        <ProblemAlert error={found.error} retry={() => void found.refetch()} />
      ) : (
        <StatusIndicator type={found.isPending ? "loading" : "pending"}>
          {found.isPending ? "Loading the map" : "Its tasks are not planned yet"}
        </StatusIndicator>
      )}
    </Container>
  );
}

const MapCounts = ({ counts }: { counts: Counts }) => (
  <span className="figures">
    {STATUSES.filter((each) => counts[COUNTED[each]] > 0).map((each) => (
      <span key={each} className="map-count">
        <span className={`swatch fill-${COUNTED[each]}`} /> {formatNumber(counts[COUNTED[each]])}{" "}
        {TASK_STATUS_STYLES[each].label.toLowerCase()}
      </span>
    ))}
  </span>
);
