/** Who works, and what waits for them. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { CodeBlock } from "@/components/code-block";
import { PRIORITY_LABELS } from "@/components/priority-labels";
import { ProblemAlert } from "@/components/problem-alert";
import { RefreshControl } from "@/components/refresh-control";
import { ResponsiveTable } from "@/components/responsive-table";
import { WorkerStateIndicator } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { WorkerState, Queue, Worker } from "@/lib/api/types";
import { formatDuration, formatNumber, pluralize } from "@/lib/format";
import { useRefetchInterval } from "@/lib/query";

const PAGE = 100;

const workersQuery = (api: Api) =>
  queryOptions({
    queryKey: ["workers"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/workers", { signal, params: { query: { limit: PAGE } } })),
  });

const queuesQuery = (api: Api) =>
  queryOptions({
    queryKey: ["queues"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/queues", { signal })),
  });

const FIRST: Record<WorkerState, number> = { silent: 0, alive: 1, unknown: 2, left: 3 };

export function WorkersAndQueues() {
  return (
    <SpaceBetween size="l">
      <Queues />
      <Workers />
    </SpaceBetween>
  );
}

function Queues() {
  const found = useQuery({ ...queuesQuery(useApi()), refetchInterval: useRefetchInterval() });
  const queues = found.data?.items ?? [];
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Chunks, as the queues count them: approximately."
          actions={<RefreshControl />}
        >
          Queues
        </Header>
      }
    >
      {found.isError && !queues.length ? (
        <ProblemAlert error={found.error} retry={() => void found.refetch()} />
      ) : (
        <ColumnLayout columns={3} variant="text-grid">
          {queues.map((queue) => (
            <QueueFigures key={queue.priority} queue={queue} />
          ))}
        </ColumnLayout>
      )}
    </Container>
  );
}

/** From so many seconds on, what waits is told as a warning. */
const OLD = 600;

const QueueFigures = ({ queue }: { queue: Queue }) => (
  <div className="figures">
    <Box variant="awsui-key-label">{PRIORITY_LABELS[queue.priority]}</Box>
    <Box variant="awsui-value-large">{formatNumber(queue.waiting)}</Box>
    <Box color="text-body-secondary">
      waiting · {formatNumber(queue.in_flight)} in hand · {formatNumber(queue.delayed)} delayed
    </Box>
    <Oldest seconds={queue.oldest_age ?? null} waiting={queue.waiting} />
  </div>
);

function Oldest({ seconds, waiting }: { seconds: number | null; waiting: number }) {
  if (seconds === null) return waiting ? <Box color="text-body-secondary">age of the oldest not known</Box> : null;
  const words = `oldest waits ${formatDuration(seconds)}`;
  if (seconds < OLD) return <Box color="text-body-secondary">{words}</Box>;
  return <StatusIndicator type="warning">Old: {words}</StatusIndicator>;
}

function Workers() {
  const found = useQuery({ ...workersQuery(useApi()), refetchInterval: useRefetchInterval() });
  const workers = [...(found.data?.items ?? [])].sort(
    (a, b) => FIRST[a.state] - FIRST[b.state] || a.name.localeCompare(b.name),
  );
  const silent = workers.filter((each) => each.state === "silent").length;
  const alive = workers.filter((each) => each.state === "alive");
  const slots = alive.reduce((sum, each) => sum + (each.slots ?? 0), 0);
  return (
    <SpaceBetween size="l">
      {silent > 0 && (
        <Alert type="warning" header={`${pluralize(silent, "worker")} fell silent`}>
          What they had in hand goes to other workers once its lease has ended; nothing is lost.
        </Alert>
      )}
      <ResponsiveTable<Worker>
        label="Workers"
        trackBy="name"
        items={workers}
        loading={found.isPending}
        loadingText="Loading workers"
        resizableColumns
        header={
          <Header
            variant="h2"
            counter={`(${formatNumber(workers.length)}${found.data?.next_token ? "+" : ""})`}
            description={`${formatNumber(alive.length)} alive with ${pluralize(slots, "slot")}`}
          >
            Workers
          </Header>
        }
        empty={
          found.isError ? (
            <ProblemAlert error={found.error} retry={() => void found.refetch()} />
          ) : (
            <Box textAlign="center" color="inherit" padding="l">
              <SpaceBetween size="s">
                <Box variant="strong">No worker has spoken yet</Box>
                <div className="narrow">
                  <CodeBlock text="shoal worker run" label="command" />
                </div>
              </SpaceBetween>
            </Box>
          )
        }
        columns={[
          { id: "name", header: "Worker", isRowHeader: true, width: 150, cell: (each) => each.name },
          {
            id: "state",
            header: "State",
            width: 120,
            card: "bare",
            cell: (each) => <WorkerStateIndicator state={each.state} />,
          },
          {
            id: "slots",
            header: "Slots",
            width: 90,
            card: "half",
            cell: (each) => (each.slots === null ? "–" : formatNumber(each.slots)),
          },
          { id: "queues", header: "Queues", width: 170, card: "half", cell: (each) => each.queues.join(", ") || "–" },
          {
            id: "types",
            header: "Task types",
            width: 240,
            cell: (each) => each.task_types.map(({ name }) => name).join(", ") || "–",
          },
          {
            id: "seen",
            header: "Last seen",
            width: 190,
            card: "half",
            cell: (each) => <Timestamp at={each.last_seen_at} />,
          },
          {
            id: "since",
            header: "Started",
            width: 190,
            card: "half",
            cell: (each) => <Timestamp at={each.started_at} />,
          },
          { id: "version", header: "Version", width: 110, card: "half", cell: (each) => each.version || "–" },
          { id: "image", header: "Image", width: 160, card: "half", cell: (each) => each.image || "–" },
          { id: "host", header: "Host", width: 140, card: "half", cell: (each) => each.host || "–" },
        ]}
      />
    </SpaceBetween>
  );
}
