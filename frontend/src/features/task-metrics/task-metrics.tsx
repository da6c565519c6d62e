/** How long tasks take, and how many end per second. */

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMemo } from "react";
import { ProblemAlert } from "@/components/problem-alert";
import type { Job, Task } from "@/lib/api/types";
import { formatDuration, formatPreciseTime, formatTime, pluralize } from "@/lib/format";
import { useTimeZone } from "@/lib/preferences";
import { useEndedTasks } from "./api";
import { BarChart } from "./bar-chart";
import { CurrentThroughput } from "./current-throughput";
import {
  describeDurations,
  describeSample,
  describeThroughput,
  durationsOf,
  formatRate,
  histogram,
  quantile,
  throughput,
} from "./statistics";

const noTasks: Task[] = [];

export default function TaskMetrics({ job, active }: { job: Job; active: boolean }) {
  const zone = useTimeZone();
  const { data, error, isError, isPending, refetch } = useEndedTasks(job.id, { poll: active });
  const tasks = data?.items ?? noTasks;
  const durations = useMemo(() => durationsOf(tasks), [tasks]);
  const durationBars = useMemo(() => histogram(durations), [durations]);
  const throughputBars = useMemo(() => throughput(tasks), [tasks]);
  if (isError) return <ProblemAlert error={error} retry={() => void refetch()} />;
  if (isPending) return <StatusIndicator type="loading">Loading tasks</StatusIndicator>;
  if (!durations.length) {
    return active ? <CurrentThroughput job={job} /> : <Box padding="m">No tasks have ended.</Box>;
  }
  const sample = describeSample(tasks.length, job.counts.completed + job.counts.failed, data.complete);
  return (
    <SpaceBetween size="l">
      {active && <CurrentThroughput job={job} />}
      <Container
        header={
          <Header variant="h2" description={sample}>
            Durations
          </Header>
        }
      >
        <SpaceBetween size="m">
          <KeyValuePairs
            columns={4}
            items={[
              { label: "p50 (median)", value: formatDuration(quantile(durations, 0.5)) },
              { label: "p95", value: formatDuration(quantile(durations, 0.95)) },
              { label: "p99", value: formatDuration(quantile(durations, 0.99)) },
              { label: "Maximum", value: formatDuration(durations.at(-1) ?? 0) },
            ]}
          />
          <BarChart
            label={`Durations. ${describeDurations(durations)}`}
            bars={durationBars}
            formatX={formatDuration}
            formatY={(value) => pluralize(Math.round(value), "task")}
          />
        </SpaceBetween>
      </Container>
      <Container
        header={
          <Header variant="h2" description={`Tasks per second, by the end of their last attempt. ${sample}`}>
            Throughput
          </Header>
        }
      >
        <SpaceBetween size="s">
          <div>{describeThroughput(throughputBars)}</div>
          <BarChart
            label={`Throughput. ${describeThroughput(throughputBars)}`}
            bars={throughputBars}
            formatX={(at) =>
              throughputBars.width < 1 ? formatPreciseTime(at, zone) : formatTime(at * 1000, zone).slice(13)
            }
            formatY={formatRate}
          />
        </SpaceBetween>
      </Container>
    </SpaceBetween>
  );
}
