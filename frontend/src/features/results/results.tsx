/** What completed tasks returned: a page to look at, what is missing, and all of it as a file of JSON Lines. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useMutation, useQuery } from "@tanstack/react-query";
import { TokenPagination, useTokenPagination } from "@/components/token-pagination";
import { ProblemAlert } from "@/components/problem-alert";
import { isActive } from "@/components/status-indicators";
import { useApi } from "@/lib/api/context";
import type { Job, Missing } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { notifyProblem } from "@/lib/notifications";
import { useStore } from "@/lib/store";
import { startExport, startedExports, resultsQuery } from "./api";
import { ExportStatus } from "./export-status";
import { groupMissing, describeMissing } from "./missing-results";

const PAGE = 50;
const RUNS = 12;

export function Results({ job, taskHref }: { job: Job; taskHref: (index: number) => string }) {
  const api = useApi();
  const pages = useTokenPagination(job.id);
  const file = useStore(startedExports)[job.id];
  const found = useQuery(resultsQuery(api, { job: job.id, limit: PAGE, after: pages.after }));
  const begin = useMutation({
    mutationFn: () => startExport(api, job.id, crypto.randomUUID()),
    onSuccess: ({ id }) => startedExports.set({ ...startedExports.get(), [job.id]: id }),
    onError: (error) => notifyProblem("The file of results", error),
  });
  const items = found.data?.items ?? [];
  const next = found.data?.next_token ?? null;
  const without = describeMissing(job.counts);

  function forget(): void {
    const { [job.id]: _gone, ...others } = startedExports.get();
    startedExports.set(others);
  }

  return (
    <SpaceBetween size="m">
      {file && <ExportStatus job={job.id} id={file} onDismiss={forget} />}
      <Table
        trackBy="index"
        items={items}
        loading={found.isPending}
        loadingText="Loading results"
        wrapLines
        ariaLabels={{ tableLabel: "Results" }}
        header={
          <Header
            variant="h2"
            counter={`(${formatNumber(job.counts.completed)})`}
            description={`${pluralize(job.counts.completed, "task")} completed${without ? `; without a result: ${without}` : ""}. From a terminal: shoal export ${job.id}`}
            actions={
              <Button
                iconName="download"
                loading={begin.isPending}
                disabled={!job.counts.completed}
                onClick={() => begin.mutate()}
              >
                {isActive(job) ? "Export what there is" : "Export all"}
              </Button>
            }
          >
            Results
          </Header>
        }
        pagination={<TokenPagination pagination={pages} nextToken={next} itemsLabel="results" />}
        footer={<MissingHere missing={found.data?.missing ?? []} taskHref={taskHref} />}
        empty={
          found.isError ? (
            <ProblemAlert error={found.error} retry={() => void found.refetch()} />
          ) : (
            <Box textAlign="center" color="inherit" padding="m">
              No task has completed yet.
            </Box>
          )
        }
        columnDefinitions={[
          {
            id: "index",
            header: "Task",
            width: 120,
            isRowHeader: true,
            cell: (each) => <Link href={taskHref(each.index)}>{formatNumber(each.index)}</Link>,
          },
          {
            id: "result",
            header: "Result",
            cell: (each) => (
              <span className="mono">{each.too_large ? "too large to show here" : preview(each.result)}</span>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}

/** Those of this page's tasks that have no result, and why. */
function MissingHere({ missing, taskHref }: { missing: Missing[]; taskHref: (index: number) => string }) {
  if (!missing.length) return null;
  return (
    <SpaceBetween size="xs">
      {groupMissing(missing, RUNS).map((group) => (
        <div key={group.why}>
          <Box variant="strong">
            Among these {pluralize(group.count, "task")} {group.words}:
          </Box>{" "}
          <span className="examples">
            {group.runs.map((run) => (
              <span key={run.first}>
                <Link href={taskHref(run.first)}>{run.words}</Link>{" "}
              </span>
            ))}
          </span>
          {group.more > 0 && `and ${pluralize(group.more, "more run")}`}
        </div>
      ))}
    </SpaceBetween>
  );
}

function preview(result: unknown): string {
  const text = JSON.stringify(result ?? null);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
