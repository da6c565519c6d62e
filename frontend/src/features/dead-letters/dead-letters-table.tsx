/** Dead letters: messages that were received too often, grouped by job and cause. */

import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { ProblemAlert } from "@/components/problem-alert";
import { RefreshControl } from "@/components/refresh-control";
import { ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import { TokenPagination, useTokenPagination } from "@/components/token-pagination";
import type { DeadLetterCause, DeadLetterGroup } from "@/lib/api/types";
import { formatNumber, toSentence } from "@/lib/format";
import { jobHref } from "@/lib/job";
import { taskIndex } from "@/lib/task";
import { useDeadLetters } from "./api";

const CAUSE_LABELS: Record<DeadLetterCause, string> = {
  UNFINISHED: "Not finished",
  WORKER_DIED: "Workers died",
  HELD: "Leased",
  PAUSED: "Job paused",
  CHUNK_ENDED: "Chunk ended",
  JOB_ENDED: "Job ended",
};

export interface DeadLettersTableProps {
  renderRetryDialog: (group: DeadLetterGroup, onClose: () => void) => ReactNode;
}

export function DeadLettersTable({ renderRetryDialog }: DeadLettersTableProps) {
  const [retrying, setRetrying] = useState<DeadLetterGroup | null>(null);
  const pagination = useTokenPagination();
  const { data, error, isError, isPending, refetch } = useDeadLetters(pagination.token);
  return (
    <>
      <ResponsiveTable<DeadLetterGroup>
        label="Dead letters"
        variant="full-page"
        items={data?.items ?? []}
        trackBy={(group) => `${group.job_id} ${group.cause}`}
        loading={isPending}
        loadingText="Loading dead letters"
        wrapLines
        header={
          <Header
            variant="h1"
            actions={<RefreshControl />}
            description="Messages that were received three times but not deleted. Shoal checks each message, and sends it again if its chunk has unfinished tasks."
          >
            Dead letters
          </Header>
        }
        pagination={
          <TokenPagination pagination={pagination} nextToken={data?.next_token ?? null} itemsLabel="dead letters" />
        }
        empty={
          isError ? (
            <ProblemAlert error={error} retry={() => void refetch()} />
          ) : (
            <Box textAlign="center" color="inherit" padding="l">
              <Box variant="strong">No dead letters</Box>
              <Box variant="p">All messages were processed within three receives.</Box>
            </Box>
          )
        }
        columns={[
          {
            id: "cause",
            header: "Cause",
            width: 160,
            isRowHeader: true,
            cell: ({ cause }) => <Badge color={cause === "WORKER_DIED" ? "red" : "grey"}>{CAUSE_LABELS[cause]}</Badge>,
          },
          { id: "count", header: "Messages", width: 110, cell: (group) => formatNumber(group.count) },
          { id: "outcome", header: "Outcome", minWidth: 260, cell: (group) => toSentence(group.sentence) },
          {
            id: "job",
            header: "Job",
            width: 300,
            cell: ({ job_id: jobId }) => (
              <SpaceBetween size="xxs">
                <Link href={jobHref(jobId)}>
                  <span className="mono">{jobId}</span>
                </Link>
                <Link href={`${jobHref(jobId)}?tab=failures`}>View failures by cause</Link>
              </SpaceBetween>
            ),
          },
          {
            id: "receives",
            header: "Max receives",
            width: 130,
            card: "half",
            cell: (group) => formatNumber(group.receives),
          },
          {
            id: "examples",
            header: "Example tasks",
            width: 150,
            card: "half",
            cell: (group) => (
              <SpaceBetween direction="horizontal" size="xs">
                {group.examples.map(({ task_id: id }) => (
                  <span key={id} className="examples">
                    <Link href={`${jobHref(group.job_id)}?task=${taskIndex(id)}`}>{formatNumber(taskIndex(id))}</Link>
                  </span>
                ))}
              </SpaceBetween>
            ),
          },
          { id: "last", header: "Last message", width: 190, cell: (group) => <Timestamp at={group.last_at} /> },
          {
            id: "actions",
            header: "Actions",
            width: 170,
            card: "unlabelled",
            cell: (group) => (
              <Button
                variant="inline-link"
                ariaLabel={`Retry failed tasks of ${group.job_id}, ${CAUSE_LABELS[group.cause]}`}
                onClick={() => setRetrying(group)}
              >
                Retry failed tasks
              </Button>
            ),
          },
        ]}
      />
      {retrying && renderRetryDialog(retrying, () => setRetrying(null))}
    </>
  );
}
