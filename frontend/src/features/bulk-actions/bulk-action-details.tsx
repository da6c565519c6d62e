/** One bulk action: its progress, and the jobs that it refused. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import type { BulkAction } from "@/lib/api/types";
import { formatNumber, formatTime, pluralize, toSentence } from "@/lib/format";
import { jobHref } from "@/lib/job";
import { useTimeZone } from "@/lib/preferences";
import { useAbortBulkAction, useBulkAction } from "./api";
import { BULK_STATUS_STYLES, BulkActionStatus, bulkActionTitle } from "./bulk-action-status";
import { describeBulkProgress, describeFilter, requestedFilter } from "./descriptions";

export interface BulkActionDetailsProps {
  id: string;
  /** The number of jobs that the dry run counted, if known. */
  total: number | null;
}

export function BulkActionDetails({ id, total }: BulkActionDetailsProps) {
  const [aborting, setAborting] = useState(false);
  const abort = useAbortBulkAction();
  const zone = useTimeZone();
  const { data: bulkAction, error, isError, refetch } = useBulkAction(id);
  if (!bulkAction) {
    return isError ? (
      <ProblemAlert error={error} retry={() => void refetch()} />
    ) : (
      <StatusIndicator type="loading">Loading bulk action</StatusIndicator>
    );
  }
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={`Filter: ${describeFilter(requestedFilter(bulkAction), (at) => formatTime(at, zone))}`}
          actions={
            <Button
              disabled={bulkAction.status !== "RUNNING" || bulkAction.aborting}
              loading={abort.isPending}
              onClick={() => setAborting(true)}
            >
              Abort
            </Button>
          }
        >
          {bulkActionTitle(bulkAction)}
        </Header>
      }
    >
      <SpaceBetween size="l">
        {total !== null && !bulkAction.dry_run && <BulkActionProgress bulkAction={bulkAction} total={total} />}
        <KeyValuePairs
          columns={4}
          items={[
            { label: "Status", value: <BulkActionStatus bulkAction={bulkAction} /> },
            { label: bulkAction.dry_run ? "Jobs counted" : "Jobs done", value: formatNumber(bulkAction.done) },
            { label: "Jobs refused", value: formatNumber(bulkAction.refused) },
            { label: "Started by", value: bulkAction.by },
            { label: "Started", value: <Timestamp at={bulkAction.created_at} /> },
            { label: "Finished", value: <Timestamp at={bulkAction.finished_at} /> },
            ...(bulkAction.reason ? [{ label: "Status reason", value: toSentence(bulkAction.reason) }] : []),
          ]}
        />
        {bulkAction.refusals.length > 0 && <RefusedJobs bulkAction={bulkAction} />}
      </SpaceBetween>
      {aborting && (
        <ConfirmDialog
          header="Abort bulk action?"
          confirmLabel="Abort"
          loading={abort.isPending}
          onDismiss={() => setAborting(false)}
          onConfirm={() => abort.mutate(id, { onSettled: () => setAborting(false) })}
        >
          The bulk action stops before the next batch of 50 jobs. Changes to {pluralize(bulkAction.done, "job")} are not
          reverted.
        </ConfirmDialog>
      )}
    </Container>
  );
}

function BulkActionProgress({ bulkAction, total }: { bulkAction: BulkAction; total: number }) {
  const processed = bulkAction.done + bulkAction.refused;
  const { status } = bulkAction;
  const progress = describeBulkProgress(bulkAction, total);
  return (
    <ProgressBar
      label="Jobs processed"
      value={(100 * processed) / Math.max(total, processed, 1)}
      {...(status === "RUNNING" ? { additionalInfo: progress } : {})}
      {...(status === "COMPLETED" ? { status: "success", resultText: progress } : {})}
      {...(status === "ABORTED" || status === "FAILED"
        ? { status: "error", resultText: `${BULK_STATUS_STYLES[status].label}: ${progress}` }
        : {})}
    />
  );
}

function RefusedJobs({ bulkAction: { refusals, refused } }: { bulkAction: BulkAction }) {
  const counter = `(${refusals.length < refused ? `first ${refusals.length} of ` : ""}${formatNumber(refused)})`;
  return (
    <ResponsiveTable
      label="Refused jobs"
      variant="embedded"
      trackBy="job_id"
      items={refusals}
      wrapLines
      header={
        <Header variant="h3" counter={counter}>
          Refused jobs
        </Header>
      }
      columns={[
        {
          id: "job",
          header: "Job",
          isRowHeader: true,
          width: 320,
          cell: (each) => (
            <Link href={jobHref(each.job_id)}>
              <span className="mono">{each.job_id}</span>
            </Link>
          ),
        },
        { id: "reason", header: "Reason", cell: (each) => toSentence(each.reason) },
      ]}
    />
  );
}
