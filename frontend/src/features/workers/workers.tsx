/** The workers, with a warning for silent ones. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { CodeBlock } from "@/components/code-block";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { WorkerStateIndicator } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import type { Worker, WorkerState } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { useWorkers } from "./api";

const STATE_ORDER: Record<WorkerState, number> = { silent: 0, alive: 1, unknown: 2, left: 3 };

export function Workers() {
  const { data, error, isError, isPending, refetch } = useWorkers();
  const workers = [...(data?.items ?? [])].sort(
    (a, b) => STATE_ORDER[a.state] - STATE_ORDER[b.state] || a.name.localeCompare(b.name),
  );
  const silent = workers.filter((each) => each.state === "silent").length;
  const alive = workers.filter((each) => each.state === "alive");
  const slots = alive.reduce((sum, each) => sum + (each.slots ?? 0), 0);
  return (
    <SpaceBetween size="l">
      {silent > 0 && (
        <Alert type="warning" header={`${pluralize(silent, "worker")} ${silent === 1 ? "is" : "are"} silent`}>
          Other workers take over the tasks when the leases expire. No tasks are lost.
        </Alert>
      )}
      <ResponsiveTable<Worker>
        label="Workers"
        trackBy="name"
        items={workers}
        loading={isPending}
        loadingText="Loading workers"
        resizableColumns
        header={
          <Header
            variant="h2"
            counter={`(${formatNumber(workers.length)}${data?.next_token ? "+" : ""})`}
            description={`${formatNumber(alive.length)} alive, with ${pluralize(slots, "slot")}`}
          >
            Workers
          </Header>
        }
        empty={isError ? <ProblemAlert error={error} retry={() => void refetch()} /> : <NoWorkers />}
        columns={[
          { id: "name", header: "Worker", isRowHeader: true, width: 150, cell: (each) => each.name },
          {
            id: "state",
            header: "State",
            width: 120,
            card: "unlabelled",
            cell: (each) => <WorkerStateIndicator state={each.state} />,
          },
          {
            id: "slots",
            header: "Slots",
            width: 90,
            card: "half",
            cell: (each) => (each.slots === null ? "–" : formatNumber(each.slots)),
          },
          {
            id: "queues",
            header: "Queues",
            width: 170,
            card: "half",
            cell: (each) => each.queues.join(", ") || "–",
          },
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
            id: "started",
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

const NoWorkers = () => (
  <Box textAlign="center" color="inherit" padding="l">
    <SpaceBetween size="s">
      <Box variant="strong">No workers</Box>
      <div>Start a worker:</div>
      <div className="narrow">
        <CodeBlock text="shoal worker run" label="command" />
      </div>
    </SpaceBetween>
  </Box>
);
