/** The depth of each queue and the age of its oldest chunk. */

import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { PRIORITY_LABELS } from "@/components/priority-labels";
import { ProblemAlert } from "@/components/problem-alert";
import { RefreshControl } from "@/components/refresh-control";
import type { Queue } from "@/lib/api/types";
import { formatDuration, formatNumber } from "@/lib/format";
import { useQueues } from "./api";

export function Queues() {
  const { data, error, isError, refetch } = useQueues();
  const queues = data?.items ?? [];
  return (
    <Container
      header={
        <Header variant="h2" description="The approximate number of chunks in each queue" actions={<RefreshControl />}>
          Queues
        </Header>
      }
    >
      {isError && !queues.length ? (
        <ProblemAlert error={error} retry={() => void refetch()} />
      ) : (
        <ColumnLayout columns={3} variant="text-grid">
          {queues.map((queue) => (
            <QueueDepth key={queue.priority} queue={queue} />
          ))}
        </ColumnLayout>
      )}
    </Container>
  );
}

const QueueDepth = ({ queue }: { queue: Queue }) => (
  <div className="figures">
    <Box variant="awsui-key-label">{PRIORITY_LABELS[queue.priority]} priority</Box>
    <Box variant="awsui-value-large">{formatNumber(queue.waiting)}</Box>
    <Box color="text-body-secondary">
      waiting · {formatNumber(queue.in_flight)} in flight · {formatNumber(queue.delayed)} delayed
    </Box>
    <OldestAge seconds={queue.oldest_age ?? null} waiting={queue.waiting} />
  </div>
);

/** Seconds after which the age of the oldest chunk is a warning. */
const WARNING_AGE = 600;

function OldestAge({ seconds, waiting }: { seconds: number | null; waiting: number }) {
  if (seconds === null) {
    return waiting ? <Box color="text-body-secondary">Age of the oldest chunk: unknown</Box> : null;
  }
  const age = `Age of the oldest chunk: ${formatDuration(seconds)}`;
  if (seconds < WARNING_AGE) return <Box color="text-body-secondary">{age}</Box>;
  return <StatusIndicator type="warning">{age}</StatusIndicator>;
}
