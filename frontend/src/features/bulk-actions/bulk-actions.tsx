/** Bulk actions of the tenant, newest first; one of them in full, with its progress and what it refused. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { TokenPagination, useTokenPagination } from "@/components/token-pagination";
import { ProblemAlert } from "@/components/problem-alert";
import { RefreshControl } from "@/components/refresh-control";
import { ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import { useApi } from "@/lib/api/context";
import type { BulkAction, BulkStatus } from "@/lib/api/types";
import { formatNumber, pluralize, formatTime } from "@/lib/format";
import { useTimeZone } from "@/lib/preferences";
import { toSentence } from "@/lib/notifications";
import { useRefetchInterval } from "@/lib/query";
import { BULK_ACTION_LABELS, bulkActionQuery, bulkActionsQuery, useAbortBulkAction } from "./api";
import { requestedFilter, describeBulkProgress, describeFilter } from "./descriptions";

const PAGE = 50;
const FOLLOW = 1_000;

const LOOKS: Record<BulkStatus, { type: StatusIndicatorProps.Type; word: string }> = {
  RUNNING: { type: "in-progress", word: "Running" },
  COMPLETED: { type: "success", word: "Completed" },
  ABORTED: { type: "stopped", word: "Aborted" },
  FAILED: { type: "error", word: "Failed" },
};

const StatusMark = ({ action: { status, aborting } }: { action: BulkAction }) => {
  const { type, word } = LOOKS[status];
  return <StatusIndicator type={type}>{status === "RUNNING" && aborting ? "Stopping" : word}</StatusIndicator>;
};

const nameOf = ({ action, dry_run: counted }: BulkAction): string =>
  counted ? `Count for ${BULK_ACTION_LABELS[action].toLowerCase()}` : BULK_ACTION_LABELS[action];

export interface BulkActionsProps {
  /** The one that is shown in full, and how many jobs were counted for it. */
  shown: string | null;
  total: number | null;
}

export function BulkActions({ shown, total }: BulkActionsProps) {
  const pages = useTokenPagination("");
  const zone = useTimeZone();
  const found = useQuery({ ...bulkActionsQuery(useApi(), PAGE, pages.after), refetchInterval: useRefetchInterval() });
  return (
    <SpaceBetween size="l">
      {shown && <BulkActionDetails id={shown} total={total} />}
      <ResponsiveTable<BulkAction>
        label="Bulk actions"
        trackBy="id"
        items={found.data?.items ?? []}
        loading={found.isPending}
        loadingText="Loading bulk actions"
        wrapLines
        header={
          <Header variant="h2" description="Kept for 90 days. A count is the dry run before one.">
            All bulk actions
          </Header>
        }
        pagination={
          <TokenPagination pagination={pages} nextToken={found.data?.next_token ?? null} itemsLabel="bulk actions" />
        }
        empty={
          found.isError ? (
            <ProblemAlert error={found.error} retry={() => void found.refetch()} />
          ) : (
            <Box textAlign="center" color="inherit" padding="l">
              <Box variant="strong">No bulk actions</Box>
              <Box variant="p">
                Filter the <Link href="/jobs">jobs</Link> and choose what is to be done under “All that match”.
              </Box>
            </Box>
          )
        }
        columns={[
          {
            id: "action",
            header: "Action",
            isRowHeader: true,
            minWidth: 140,
            width: 180,
            cell: (each) => <Link href={`/bulk-actions?id=${each.id}`}>{nameOf(each)}</Link>,
          },
          {
            id: "filter",
            header: "Filter",
            minWidth: 240,
            cell: (each) => (
              <span className="break">{describeFilter(requestedFilter(each), (at) => formatTime(at, zone))}</span>
            ),
          },
          { id: "status", header: "Status", width: 155, card: "bare", cell: (each) => <StatusMark action={each} /> },
          { id: "far", header: "Jobs", width: 190, cell: (each) => describeBulkProgress(each, null) },
          { id: "by", header: "By", width: 130, card: "half", cell: (each) => each.by },
          {
            id: "created",
            header: "Asked",
            width: 190,
            card: "half",
            cell: (each) => <Timestamp at={each.created_at} />,
          },
        ]}
      />
    </SpaceBetween>
  );
}

function BulkActionDetails({ id, total }: { id: string; total: number | null }) {
  const [asking, setAsking] = useState(false);
  const abort = useAbortBulkAction();
  const zone = useTimeZone();
  const found = useQuery({
    ...bulkActionQuery(useApi(), id),
    refetchInterval: (query) => (query.state.data && query.state.data.status !== "RUNNING" ? false : FOLLOW),
  });
  const action = found.data;
  if (!action) {
    return found.isError ? (
      <ProblemAlert error={found.error} retry={() => void found.refetch()} />
    ) : (
      <StatusIndicator type="loading">Loading the bulk action</StatusIndicator>
    );
  }
  const running = action.status === "RUNNING";
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={`Jobs by this filter: ${describeFilter(requestedFilter(action), (at) => formatTime(at, zone))}`}
          actions={
            <Button disabled={!running || action.aborting} loading={abort.isPending} onClick={() => setAsking(true)}>
              Abort
            </Button>
          }
        >
          {nameOf(action)}
        </Header>
      }
    >
      <SpaceBetween size="l">
        {total !== null && !action.dry_run && <BulkActionProgress action={action} total={total} />}
        <KeyValuePairs
          columns={4}
          items={[
            { label: "Status", value: <StatusMark action={action} /> },
            { label: action.dry_run ? "Counted" : "Done", value: formatNumber(action.done) },
            { label: "Refused", value: formatNumber(action.refused) },
            { label: "Asked by", value: action.by },
            { label: "Asked", value: <Timestamp at={action.created_at} /> },
            { label: "Finished", value: <Timestamp at={action.finished_at} /> },
            ...(action.reason ? [{ label: "Reason", value: toSentence(action.reason) }] : []),
          ]}
        />
        {action.refusals.length > 0 && <RejectedJobs action={action} />}
      </SpaceBetween>
      {asking && (
        <ConfirmDialog
          header="Abort the bulk action?"
          confirmLabel="Abort"
          loading={abort.isPending}
          onDismiss={() => setAsking(false)}
          onConfirm={() => abort.mutate(id, { onSettled: () => setAsking(false) })}
        >
          It stops before its next 50 jobs. What it did to {pluralize(action.done, "job")} stays done.
        </ConfirmDialog>
      )}
    </Container>
  );
}

function BulkActionProgress({ action, total }: { action: BulkAction; total: number }) {
  const seen = action.done + action.refused;
  return (
    <ProgressBar
      label="Jobs that had their turn"
      value={(100 * seen) / Math.max(total, seen, 1)}
      {...(action.status === "RUNNING" ? { additionalInfo: describeBulkProgress(action, total) } : {})}
      {...(action.status === "COMPLETED" ? { status: "success", resultText: describeBulkProgress(action, total) } : {})}
      {...(action.status === "ABORTED" || action.status === "FAILED"
        ? { status: "error", resultText: `${LOOKS[action.status].word}: ${describeBulkProgress(action, total)}` }
        : {})}
    />
  );
}

function RejectedJobs({ action: { refusals, refused } }: { action: BulkAction }) {
  return (
    <ResponsiveTable
      label="Refused jobs"
      variant="embedded"
      trackBy="job_id"
      items={refusals}
      wrapLines
      header={
        <Header
          variant="h3"
          counter={`(${refusals.length < refused ? `first ${refusals.length} of ` : ""}${formatNumber(refused)})`}
        >
          Refused
        </Header>
      }
      columns={[
        {
          id: "job",
          header: "Job",
          isRowHeader: true,
          width: 320,
          cell: (each) => (
            <Link href={`/jobs/${each.job_id}`}>
              <span className="mono">{each.job_id}</span>
            </Link>
          ),
        },
        { id: "why", header: "Why", cell: (each) => toSentence(each.reason) },
      ]}
    />
  );
}

export const BulkActionsHeader = () => (
  <Header
    variant="h1"
    actions={<RefreshControl />}
    description="One act on all jobs of a filter, however many there are."
  >
    Bulk actions
  </Header>
);
