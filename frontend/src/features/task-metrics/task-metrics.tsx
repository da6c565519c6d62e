/** How long tasks take and how fast they end, from the tasks that the API tells of. */

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ProblemAlert } from "@/components/problem-alert";
import { useApi } from "@/lib/api/context";
import type { Job } from "@/lib/api/types";
import { formatDuration, formatPreciseTime, pluralize, formatTime } from "@/lib/format";
import { useTimeZone } from "@/lib/preferences";
import { useRefetchInterval } from "@/lib/query";
import { endedTasksQuery } from "./api";
import { BarChart } from "./bar-chart";
import {
  durationsOf,
  histogram,
  perSecond,
  quantile,
  describeSample,
  describeThroughput,
  describeDurations,
  throughput,
} from "./statistics";
import { CurrentThroughput } from "./current-throughput";

export default function TaskMetrics({ job, moving }: { job: Job; moving: boolean }) {
  const every = useRefetchInterval();
  const zone = useTimeZone();
  const found = useQuery({ ...endedTasksQuery(useApi(), job.id), refetchInterval: moving ? every : false });
  const tasks = useMemo(() => found.data?.items ?? [], [found.data]);
  const sorted = useMemo(() => durationsOf(tasks), [tasks]);
  const spread = useMemo(() => histogram(sorted), [sorted]);
  const speed = useMemo(() => throughput(tasks), [tasks]);
  if (found.isError) return <ProblemAlert error={found.error} retry={() => void found.refetch()} />;
  if (found.isPending) return <StatusIndicator type="loading">Reading tasks</StatusIndicator>;
  if (!sorted.length) return moving ? <CurrentThroughput job={job} /> : <Box padding="m">No task has ended yet.</Box>;
  const of = describeSample(tasks.length, job.counts.completed + job.counts.failed, found.data.whole);
  return (
    <SpaceBetween size="l">
      {moving && <CurrentThroughput job={job} />}
      <Container
        header={
          <Header variant="h2" description={of}>
            Durations
          </Header>
        }
      >
        <SpaceBetween size="m">
          <KeyValuePairs
            columns={4}
            items={[
              { label: "p50, the median", value: formatDuration(quantile(sorted, 0.5)) },
              { label: "p95", value: formatDuration(quantile(sorted, 0.95)) },
              { label: "p99", value: formatDuration(quantile(sorted, 0.99)) },
              { label: "Longest", value: formatDuration(sorted.at(-1) ?? 0) },
            ]}
          />
          <BarChart
            label={`Durations. ${describeDurations(sorted)}`}
            bars={spread}
            x={formatDuration}
            y={(value) => pluralize(Math.round(value), "task")}
          />
        </SpaceBetween>
      </Container>
      <Container
        header={
          <Header variant="h2" description={`Tasks that ended a second, by their last attempt. ${of}`}>
            Throughput
          </Header>
        }
      >
        <SpaceBetween size="s">
          <div>{describeThroughput(speed)}</div>
          <BarChart
            label={`Throughput. ${describeThroughput(speed)}`}
            bars={speed}
            x={(at) => (speed.width < 1 ? formatPreciseTime(at, zone) : formatTime(at * 1000, zone).slice(13))}
            y={perSecond}
          />
        </SpaceBetween>
      </Container>
    </SpaceBetween>
  );
}
