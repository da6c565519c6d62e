/** Messages that were received too often, by job and cause. */

import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { TokenPagination, useTokenPagination } from "@/components/token-pagination";
import { ProblemAlert } from "@/components/problem-alert";
import { RefreshControl } from "@/components/refresh-control";
import { ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { DeadLetterCause, DeadLetterGroup as Letters } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";
import { toSentence } from "@/lib/notifications";
import { useRefetchInterval } from "@/lib/query";

const PAGE = 50;

const WORDS: Record<DeadLetterCause, string> = {
  UNFINISHED: "Given up",
  WORKER_DIED: "Workers died",
  HELD: "Held",
  PAUSED: "Job paused",
  CHUNK_ENDED: "Chunk had ended",
  JOB_ENDED: "Job had ended",
};

const lettersQuery = (api: Api, after: string | null) =>
  queryOptions({
    queryKey: ["dead-letters", after],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/dead-letters", {
          signal,
          params: { query: { limit: PAGE, ...(after ? { next_token: after } : {}) } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

const indexOf = (taskId: string): number => Number(taskId.slice(taskId.lastIndexOf(".") + 1));

export interface DeadLettersTableProps {
  /** The confirmation of a retry of a job's failed tasks; whoever shows this has it. */
  renderRetry: (letters: Letters, onClose: () => void) => ReactNode;
}

export function DeadLettersTable({ renderRetry }: DeadLettersTableProps) {
  const [asking, setAsking] = useState<Letters | null>(null);
  const pages = useTokenPagination("");
  const found = useQuery({ ...lettersQuery(useApi(), pages.after), refetchInterval: useRefetchInterval() });
  return (
    <>
      <ResponsiveTable<Letters>
        label="Dead letters"
        variant="full-page"
        items={found.data?.items ?? []}
        trackBy={(each) => `${each.job_id} ${each.cause}`}
        loading={found.isPending}
        loadingText="Loading dead letters"
        wrapLines
        header={
          <Header
            variant="h1"
            actions={<RefreshControl />}
            description="Messages that were received three times and not deleted. Each is looked at by itself, and sent again where its chunk still has to run."
          >
            Dead letters
          </Header>
        }
        pagination={
          <TokenPagination pagination={pages} nextToken={found.data?.next_token ?? null} itemsLabel="dead letters" />
        }
        empty={
          found.isError ? (
            <ProblemAlert error={found.error} retry={() => void found.refetch()} />
          ) : (
            <Box textAlign="center" color="inherit" padding="l">
              <Box variant="strong">No dead letters</Box>
              <Box variant="p">No message was received too often.</Box>
            </Box>
          )
        }
        columns={[
          {
            id: "cause",
            header: "Cause",
            width: 160,
            isRowHeader: true,
            cell: (each) => <Badge color={each.cause === "WORKER_DIED" ? "red" : "grey"}>{WORDS[each.cause]}</Badge>,
          },
          { id: "count", header: "Messages", width: 110, cell: (each) => formatNumber(each.count) },
          { id: "sentence", header: "What became of them", minWidth: 260, cell: (each) => toSentence(each.sentence) },
          {
            id: "job",
            header: "Job",
            width: 300,
            cell: (each) => (
              <SpaceBetween size="xxs">
                <Link href={`/jobs/${each.job_id}`}>
                  <span className="mono">{each.job_id}</span>
                </Link>
                <Link href={`/jobs/${each.job_id}?tab=failures`}>Its failures by cause</Link>
              </SpaceBetween>
            ),
          },
          {
            id: "receives",
            header: "Most receives",
            width: 130,
            card: "half",
            cell: (each) => formatNumber(each.receives),
          },
          {
            id: "examples",
            header: "Examples",
            width: 150,
            card: "half",
            cell: (each) => (
              <SpaceBetween direction="horizontal" size="xs">
                {each.examples.map(({ task_id: id }) => (
                  <span key={id} className="examples">
                    <Link href={`/jobs/${each.job_id}?task=${indexOf(id)}`}>{formatNumber(indexOf(id))}</Link>
                  </span>
                ))}
              </SpaceBetween>
            ),
          },
          { id: "last", header: "Last", width: 190, cell: (each) => <Timestamp at={each.last_at} /> },
          {
            id: "retry",
            header: "Actions",
            width: 130,
            card: "bare",
            cell: (each) => (
              <Button
                variant="inline-link"
                ariaLabel={`Retry failed: ${each.job_id}, ${WORDS[each.cause]}`}
                onClick={() => setAsking(each)}
              >
                Retry failed
              </Button>
            ),
          },
        ]}
      />
      {asking && renderRetry(asking, () => setAsking(null))}
    </>
  );
}
