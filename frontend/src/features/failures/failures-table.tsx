/** The failed tasks of a job, grouped by cause. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import type { Cause, Job } from "@/lib/api/types";
import { formatNumber, formatPercent, pluralize } from "@/lib/format";
import { taskIndex } from "@/lib/task";
import { describeCause, useFailures } from "./api";

export interface FailuresTableProps {
  job: Job;
  /** Whether tasks can still fail. */
  active: boolean;
  taskHref: (index: number) => string;
  renderRetryDialog: (selection: TaskSelection) => ReactNode;
  renderDiscardDialog: (selection: TaskSelection) => ReactNode;
}

interface TaskSelection {
  tasks: number;
  cause: { fingerprint: string; description: string };
  onClose: () => void;
}

export function FailuresTable({ job, active, taskHref, renderRetryDialog, renderDiscardDialog }: FailuresTableProps) {
  const [dialog, setDialog] = useState<{ action: "retry" | "discard"; cause: Cause } | null>(null);
  const { data, error, isError, isPending, refetch } = useFailures(job.id, { poll: active });
  const causes = data?.items ?? [];
  const counted = data?.counted ?? 0;
  return (
    <>
      <ResponsiveTable
        label="Failures by cause"
        trackBy="cause"
        items={causes}
        loading={isPending}
        loadingText="Loading failures"
        wrapLines
        header={
          <Header
            variant="h2"
            counter={`(${formatNumber(causes.length)})`}
            description={
              counted
                ? `${pluralize(counted, "failed task")}. Messages that differ only in numbers, IDs, paths or quoted text have the same cause.`
                : "Failed tasks, grouped by error"
            }
          >
            Failures by cause
          </Header>
        }
        empty={
          isError ? (
            <ProblemAlert error={error} retry={() => void refetch()} />
          ) : (
            <Box textAlign="center" color="inherit" padding="m">
              No failed tasks
            </Box>
          )
        }
        columns={[
          {
            id: "count",
            header: "Tasks",
            width: 130,
            cell: (cause) => (
              <span className="figures nowrap">
                {formatNumber(cause.count)} <Box variant="small">{formatPercent(cause.count, counted)}</Box>
              </span>
            ),
          },
          { id: "type", header: "Error type", width: 180, isRowHeader: true, cell: (cause) => cause.error_type },
          {
            id: "message",
            header: "Message",
            minWidth: 240,
            cell: (cause) => (
              <>
                <span className="mono">{cause.message || "–"}</span>
                {cause.discarded > 0 && <DiscardNote cause={cause} />}
              </>
            ),
          },
          {
            id: "examples",
            header: "Example tasks",
            width: 180,
            cell: (cause) => (
              <SpaceBetween direction="horizontal" size="xs">
                {cause.examples.map(({ task_id: id, message }) => (
                  <span key={id} title={message} className="examples">
                    <Link href={taskHref(taskIndex(id))}>{formatNumber(taskIndex(id))}</Link>
                  </span>
                ))}
              </SpaceBetween>
            ),
          },
          {
            id: "actions",
            header: "Actions",
            width: 150,
            card: "unlabelled",
            cell: (cause) => (
              <SpaceBetween size="xxs">
                <Button
                  variant="inline-link"
                  ariaLabel={`Retry tasks: ${cause.error_type}: ${cause.message}`}
                  disabled={job.status !== "FAILED"}
                  disabledReason="The status of the job must be Failed"
                  onClick={() => setDialog({ action: "retry", cause })}
                >
                  Retry tasks
                </Button>
                <Button
                  variant="inline-link"
                  ariaLabel={`Discard tasks: ${cause.error_type}: ${cause.message}`}
                  disabled={active || cause.discarded === cause.count}
                  disabledReason={active ? "The job must have ended" : "These tasks are already discarded"}
                  onClick={() => setDialog({ action: "discard", cause })}
                >
                  Discard tasks
                </Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
      {dialog &&
        (dialog.action === "retry" ? renderRetryDialog : renderDiscardDialog)({
          tasks: dialog.cause.count,
          cause: { fingerprint: dialog.cause.cause, description: describeCause(dialog.cause) },
          onClose: () => setDialog(null),
        })}
    </>
  );
}

function DiscardNote({ cause: { count, discarded, discard } }: { cause: Cause }) {
  return (
    <Box variant="small" color="text-body-secondary" display="block">
      {discarded === count ? "Discarded" : `${formatNumber(discarded)} of ${formatNumber(count)} discarded`}
      {discard && (
        <>
          {" "}
          by {discard.by}, <Timestamp at={discard.at} />: {discard.reason}
        </>
      )}
    </Box>
  );
}
