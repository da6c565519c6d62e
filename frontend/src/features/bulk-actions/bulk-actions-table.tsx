/** The tenant's bulk actions, newest first. */

import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import { TokenPagination, useTokenPagination } from "@/components/token-pagination";
import type { BulkAction } from "@/lib/api/types";
import { formatTime } from "@/lib/format";
import { useTimeZone } from "@/lib/preferences";
import { useBulkActions } from "./api";
import { BulkActionStatus, bulkActionTitle } from "./bulk-action-status";
import { describeBulkProgress, describeFilter, requestedFilter } from "./descriptions";

export function BulkActionsTable() {
  const pagination = useTokenPagination();
  const zone = useTimeZone();
  const { data, error, isError, isPending, refetch } = useBulkActions(pagination.token);
  return (
    <ResponsiveTable<BulkAction>
      label="Bulk actions"
      trackBy="id"
      items={data?.items ?? []}
      loading={isPending}
      loadingText="Loading bulk actions"
      wrapLines
      header={
        <Header variant="h2" description="Bulk actions are kept for 90 days. A dry run only counts the matching jobs.">
          History
        </Header>
      }
      pagination={
        <TokenPagination pagination={pagination} nextToken={data?.next_token ?? null} itemsLabel="bulk actions" />
      }
      empty={
        isError ? (
          <ProblemAlert error={error} retry={() => void refetch()} />
        ) : (
          <Box textAlign="center" color="inherit" padding="l">
            <Box variant="strong">No bulk actions</Box>
            <Box variant="p">
              To start one, filter the <Link href="/jobs">jobs</Link> and choose an action from the Bulk actions menu.
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
          width: 220,
          cell: (each) => <Link href={`/bulk-actions?id=${each.id}`}>{bulkActionTitle(each)}</Link>,
        },
        {
          id: "filter",
          header: "Filter",
          minWidth: 200,
          cell: (each) => (
            <span className="break">{describeFilter(requestedFilter(each), (at) => formatTime(at, zone))}</span>
          ),
        },
        {
          id: "status",
          header: "Status",
          minWidth: 150,
          width: 155,
          card: "unlabelled",
          cell: (each) => <BulkActionStatus bulkAction={each} />,
        },
        { id: "progress", header: "Jobs", minWidth: 150, width: 190, cell: (each) => describeBulkProgress(each, null) },
        { id: "user", header: "User", width: 110, card: "half", cell: (each) => each.by },
        {
          id: "started",
          header: "Started",
          width: 190,
          card: "half",
          cell: (each) => <Timestamp at={each.created_at} />,
        },
      ]}
    />
  );
}
