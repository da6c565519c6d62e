/** The activity of one job or of the whole tenant, newest first. */

import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import { ProblemAlert } from "@/components/problem-alert";
import { type Column, ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import { TokenPagination, useTokenPagination } from "@/components/token-pagination";
import type { Job } from "@/lib/api/types";
import { jobHref } from "@/lib/job";
import { type ActivityRow, lifecycleRows, mergeRows, rowOfEvent } from "./activity-rows";
import { useEvents } from "./api";

const JOB_COLUMN: Column<ActivityRow> = {
  id: "job",
  header: "Job",
  cell: (row) =>
    row.job_id === null ? (
      "–"
    ) : (
      <Link href={jobHref(row.job_id)}>
        <span className="mono">{row.job_id}</span>
      </Link>
    ),
};

export interface ActivityTableProps {
  /** Null shows the activity of the whole tenant. */
  job?: Job | null;
  fullPage?: boolean;
}

export function ActivityTable({ job = null, fullPage = false }: ActivityTableProps) {
  const pagination = useTokenPagination(job?.id);
  const { data, error, isError, isPending, refetch } = useEvents(job?.id ?? null, pagination.token);
  const nextToken = data?.next_token ?? null;
  const rows = data
    ? mergeRows(data.items.map(rowOfEvent), job ? lifecycleRows(job) : [], {
        first: pagination.page === 0,
        last: nextToken === null,
      })
    : [];
  return (
    <ResponsiveTable<ActivityRow>
      label="Activity"
      variant={fullPage ? "full-page" : "container"}
      trackBy="id"
      items={rows}
      loading={isPending}
      loadingText="Loading activity"
      header={
        <Header
          variant={fullPage ? "h1" : "h2"}
          description={job ? "Actions on this job, newest first" : "Actions on jobs and webhooks, newest first"}
        >
          Activity
        </Header>
      }
      pagination={<TokenPagination pagination={pagination} nextToken={nextToken} itemsLabel="activity" />}
      empty={
        isError ? (
          <ProblemAlert error={error} retry={() => void refetch()} />
        ) : (
          <Box textAlign="center" color="inherit" padding="m">
            No activity
          </Box>
        )
      }
      columns={[
        { id: "at", header: "Time", width: 200, card: "half", cell: (row) => <Timestamp at={row.at} /> },
        { id: "action", header: "Action", width: 120, card: "half", cell: (row) => <Badge>{row.action}</Badge> },
        { id: "user", header: "User", width: 220, isRowHeader: true, cell: (row) => row.user },
        ...(job ? [] : [JOB_COLUMN]),
        {
          id: "detail",
          header: "Details",
          cell: ({ detail }) => {
            const details = Object.entries(detail).map(([key, value]) => `${key}: ${value}`);
            return details.length ? <span className="break">{details.join(", ")}</span> : "–";
          },
        },
      ]}
    />
  );
}
