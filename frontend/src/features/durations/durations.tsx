/** How long tasks take and how fast they end, from the tasks that the API tells of. */

import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
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
import { duration, number, plural, time } from "@/lib/format";
import { useZone } from "@/lib/preferences";
import { useInterval } from "@/lib/query";
import { endedTasksQuery } from "./api";
import { BarChart } from "./bar-chart";
import { durationsOf, histogram, quantile, throughput } from "./figures";

export default function Durations({ job, moving }: { job: Job; moving: boolean }) {
  const every = useInterval();
  const zone = useZone();
  const found = useQuery({ ...endedTasksQuery(useApi(), job.id), refetchInterval: moving ? every : false });
  const tasks = useMemo(() => found.data?.items ?? [], [found.data]);
  const sorted = useMemo(() => durationsOf(tasks), [tasks]);
  const spread = useMemo(() => histogram(sorted), [sorted]);
  const speed = useMemo(() => throughput(tasks), [tasks]);
  if (found.isError) return <ProblemAlert error={found.error} retry={() => void found.refetch()} />;
  if (found.isPending) return <StatusIndicator type="loading">Reading tasks</StatusIndicator>;
  if (!sorted.length) return <Box padding="m">No task has ended yet.</Box>;
  const of = found.data.whole
    ? `Of all ${plural(sorted.length, "task")} that ended.`
    : `Of the first ${number(sorted.length)} tasks that ended, by number; there are more.`;
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2" description={of}>Durations</Header>}>
        <SpaceBetween size="m">
          <KeyValuePairs
            columns={4}
            items={[
              { label: "Median", value: duration(quantile(sorted, 0.5)) },
              { label: "90 % within", value: duration(quantile(sorted, 0.9)) },
              { label: "99 % within", value: duration(quantile(sorted, 0.99)) },
              { label: "Longest", value: duration(sorted.at(-1) ?? 0) },
            ]}
          />
          <BarChart
            label={`Durations: median ${duration(quantile(sorted, 0.5))}, longest ${duration(sorted.at(-1) ?? 0)}`}
            bars={spread}
            x={duration}
            y={(value) => plural(Math.round(value), "task")}
          />
        </SpaceBetween>
      </Container>
      <Container header={<Header variant="h2" description="Tasks that ended a second. Latest attempts only.">Throughput</Header>}>
        <ColumnLayout columns={1}>
          <BarChart
            label={`Throughput: at most ${number(Math.round(Math.max(...speed.counts)))} tasks a second`}
            bars={speed}
            x={(at) => time(at * 1000, zone).slice(13)}
            y={(value) => `${value < 10 ? value.toFixed(1) : number(Math.round(value))} /s`}
          />
        </ColumnLayout>
      </Container>
    </SpaceBetween>
  );
}
