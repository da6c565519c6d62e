/** The results of a job, with an export of all results as a file. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { ProblemAlert } from "@/components/problem-alert";
import { TokenPagination, useTokenPagination } from "@/components/token-pagination";
import type { Job, Missing } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { isOpenJob } from "@/lib/job";
import { useResults, useStartedExport, useStartExport } from "./api";
import { ExportStatus } from "./export-status";
import { describeMissing, groupMissing } from "./missing-results";

const MAX_RANGES = 12;
const MAX_RESULT_LENGTH = 400;

export function Results({ job, taskHref }: { job: Job; taskHref: (index: number) => string }) {
  const pagination = useTokenPagination(job.id);
  const { exportId, dismiss } = useStartedExport(job.id);
  const { data, error, isError, isPending, refetch } = useResults(job.id, pagination.token);
  const startExport = useStartExport(job.id);
  return (
    <SpaceBetween size="m">
      {exportId && <ExportStatus jobId={job.id} exportId={exportId} onDismiss={dismiss} />}
      <Table
        trackBy="index"
        items={data?.items ?? []}
        loading={isPending}
        loadingText="Loading results"
        wrapLines
        ariaLabels={{ tableLabel: "Results" }}
        header={
          <Header
            variant="h2"
            counter={`(${formatNumber(job.counts.completed)})`}
            description={describeResults(job)}
            actions={
              <Button
                iconName="download"
                loading={startExport.isPending}
                disabled={!job.counts.completed}
                onClick={() => startExport.mutate()}
              >
                {isOpenJob(job) ? "Export current results" : "Export results"}
              </Button>
            }
          >
            Results
          </Header>
        }
        pagination={
          <TokenPagination pagination={pagination} nextToken={data?.next_token ?? null} itemsLabel="results" />
        }
        footer={<MissingResults missing={data?.missing ?? []} taskHref={taskHref} />}
        empty={
          isError ? (
            <ProblemAlert error={error} retry={() => void refetch()} />
          ) : (
            <Box textAlign="center" color="inherit" padding="m">
              No results
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
              <span className="mono">{each.too_large ? "Too large to display" : preview(each.result)}</span>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}

function describeResults(job: Job): string {
  const missing = describeMissing(job.counts);
  const completed = `${pluralize(job.counts.completed, "task")} completed`;
  return `${completed}${missing ? `; without a result: ${missing}` : ""}. To export from a terminal, run: shoal export ${job.id}`;
}

/** The tasks of this page without a result, grouped by reason. */
function MissingResults({ missing, taskHref }: { missing: Missing[]; taskHref: (index: number) => string }) {
  if (!missing.length) return null;
  return (
    <SpaceBetween size="xs">
      {groupMissing(missing, MAX_RANGES).map((group) => (
        <div key={group.reason}>
          <Box variant="strong">
            Without a result on this page: {pluralize(group.count, "task")} {group.label}
          </Box>{" "}
          <span className="examples">
            {group.ranges.map((range) => (
              <span key={range.first}>
                <Link href={taskHref(range.first)}>{range.label}</Link>{" "}
              </span>
            ))}
          </span>
          {group.hidden > 0 && `and ${pluralize(group.hidden, "more range")}`}
        </div>
      ))}
    </SpaceBetween>
  );
}

function preview(result: unknown): string {
  const text = JSON.stringify(result ?? null);
  return text.length > MAX_RESULT_LENGTH ? `${text.slice(0, MAX_RESULT_LENGTH)}…` : text;
}
