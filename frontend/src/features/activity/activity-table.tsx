/** Who did what, newest first: of one job, or of the whole tenant. */

import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { TokenPagination, useTokenPagination } from "@/components/token-pagination";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { Action, Event, Job } from "@/lib/api/types";
import { useRefetchInterval } from "@/lib/query";
import { mergeRows, type ActivityRow, lifecycleRows } from "./lifecycle";

const PAGE = 50;

const nothing: ActivityRow[] = [];

const ACTION_LABELS: Record<Action, string> = {
  submit: "Submitted",
  cancel: "Cancelled",
  pause: "Paused",
  resume: "Resumed",
  retry: "Retried",
  canary: "Canary ended",
  change: "Changed",
  discard: "Discarded failures",
  clone: "Cloned",
  delete: "Deleted",
  export: "Exported",
  webhook_add: "Webhook added",
  webhook_remove: "Webhook removed",
  webhook_rotate: "Webhook secret rotated",
  webhook_test: "Webhook tested",
  webhook_disable: "Webhook disabled",
};

const eventsQuery = (api: Api, job: string | null, after: string | null) =>
  queryOptions({
    queryKey: job ? ["job", job, "events", after] : ["events", after],
    queryFn: ({ signal }) => {
      const query = { limit: PAGE, ...(after ? { next_token: after } : {}) };
      return job
        ? unwrap(api.GET("/api/v1/jobs/{job_id}/events", { signal, params: { path: { job_id: job }, query } }))
        : unwrap(api.GET("/api/v1/events", { signal, params: { query } }));
    },
    placeholderData: keepPreviousData,
  });

const rowOfEvent = ({ action, ...rest }: Event): ActivityRow => ({ ...rest, what: ACTION_LABELS[action] });

/** Of one job, what becomes of it by itself is told too. */
export function ActivityTable({ job = null, page: fullPage = false }: { job?: Job | null; page?: boolean }) {
  const id = job?.id ?? null;
  const pages = useTokenPagination(id ?? "");
  const found = useQuery({ ...eventsQuery(useApi(), id, pages.after), refetchInterval: useRefetchInterval() });
  const next = found.data?.next_token ?? null;
  const told = { first: pages.page === 0, last: next === null };
  const items = found.data
    ? mergeRows(found.data.items.map(rowOfEvent), job ? lifecycleRows(job) : nothing, told)
    : nothing;
  return (
    <ResponsiveTable<ActivityRow>
      label="Activity"
      variant={fullPage ? "full-page" : "container"}
      trackBy="id"
      items={items}
      loading={found.isPending}
      loadingText="Loading activity"
      header={
        <Header variant={fullPage ? "h1" : "h2"} description="Who submitted, steered or ended what. Newest first.">
          Activity
        </Header>
      }
      pagination={<TokenPagination pagination={pages} nextToken={next} itemsLabel="activity" />}
      empty={
        found.isError ? (
          <ProblemAlert error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Box textAlign="center" color="inherit" padding="m">
            Nothing was done yet.
          </Box>
        )
      }
      columns={[
        { id: "at", header: "When", width: 200, card: "half", cell: (each) => <Timestamp at={each.at} /> },
        { id: "action", header: "What", width: 120, card: "half", cell: (each) => <Badge>{each.what}</Badge> },
        { id: "who", header: "Who", width: 220, isRowHeader: true, cell: (each) => each.who },
        ...(job
          ? []
          : [
              {
                id: "job",
                header: "Job",
                cell: (each: ActivityRow) =>
                  each.job_id === null ? (
                    "–"
                  ) : (
                    <Link href={`/jobs/${each.job_id}`}>
                      <span className="mono">{each.job_id}</span>
                    </Link>
                  ),
              },
            ]),
        {
          id: "detail",
          header: "Details",
          cell: (each) => {
            const said = Object.entries(each.detail);
            return said.length ? (
              <span className="break">{said.map(([key, value]) => `${key}: ${value}`).join(", ")}</span>
            ) : (
              "–"
            );
          },
        },
      ]}
    />
  );
}
