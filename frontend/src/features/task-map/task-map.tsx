/** The task map of a job: one cell for each task, or for a range of tasks. */

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { ProblemAlert } from "@/components/problem-alert";
import { TASK_STATUS_STYLES } from "@/components/status-indicators";
import type { Counts, Job } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";
import { isOpenJob } from "@/lib/job";
import { countOf } from "@/lib/task";
import { useTaskMap } from "./api";
import { type Shading, STATUSES } from "./grid";
import { MapCanvas } from "./map-canvas";

const SHADINGS: { id: Shading; text: string }[] = [
  { id: "worst", text: "Worst" },
  { id: "majority", text: "Most common" },
  { id: "rate", text: "Failure rate" },
];

export interface TaskMapProps {
  job: Job;
  /** The index of the task in the side panel. */
  selected: number | null;
  onOpen: (index: number) => void;
}

export function TaskMap({ job, selected, onOpen }: TaskMapProps) {
  const [shading, setShading] = useState<Shading>("worst");
  const { data, error, isError, isPending, refetch } = useTaskMap(job.id, {
    taskCount: job.task_count ?? 0,
    poll: isOpenJob(job),
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={<Legend counts={job.counts} />}
          actions={
            <SegmentedControl
              label="Cell color"
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
      {data && data.total > 0 ? (
        <MapCanvas map={data} shading={shading} selected={selected} onOpen={onOpen} />
      ) : isError ? (
        <ProblemAlert error={error} retry={() => void refetch()} />
      ) : isPending ? (
        <StatusIndicator type="loading">Loading task map</StatusIndicator>
      ) : (
        <StatusIndicator type="pending">Tasks are being planned</StatusIndicator>
      )}
    </Container>
  );
}

const Legend = ({ counts }: { counts: Counts }) => (
  <span className="figures">
    {STATUSES.filter((status) => countOf(counts, status) > 0).map((status) => (
      <span key={status} className="map-count">
        <span className={`swatch fill-${status.toLowerCase()}`} /> {formatNumber(countOf(counts, status))}{" "}
        {TASK_STATUS_STYLES[status].label.toLowerCase()}
      </span>
    ))}
  </span>
);
