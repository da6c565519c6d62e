/** Of what the tasks failed: few causes for many tasks. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import { useApi } from "@/lib/api/context";
import type { Cause, Job } from "@/lib/api/types";
import { formatNumber, formatPercent, pluralize } from "@/lib/format";
import { useRefetchInterval } from "@/lib/query";
import { describeCause, failuresQuery } from "./api";

export interface FailuresTableProps {
  job: Job;
  active: boolean;
  taskHref: (index: number) => string;
  /** The confirmations; whoever shows this has them. */
  renderRetry: (asked: Asked) => ReactNode;
  renderDiscard: (asked: Asked) => ReactNode;
}

interface Asked {
  tasks: number;
  cause: { fingerprint: string; description: string };
  onClose: () => void;
}

const indexOf = (taskId: string): number => Number(taskId.slice(taskId.lastIndexOf(".") + 1));

export function FailuresTable({ job, active: moving, taskHref, renderRetry, renderDiscard }: FailuresTableProps) {
  const [asking, setAsking] = useState<{ what: "retry" | "discard"; cause: Cause } | null>(null);
  const every = useRefetchInterval();
  const found = useQuery({ ...failuresQuery(useApi(), job.id), refetchInterval: moving ? every : false });
  const causes = found.data?.items ?? [];
  const counted = found.data?.counted ?? 0;
  return (
    <>
      <ResponsiveTable
        label="Failures by cause"
        trackBy="cause"
        items={causes}
        loading={found.isPending}
        loadingText="Grouping failures"
        wrapLines
        header={
          <Header
            variant="h2"
            counter={`(${formatNumber(causes.length)})`}
            description={
              counted
                ? `${pluralize(counted, "failed task")}. Numbers, ids, paths and quoted texts do not tell causes apart.`
                : "Failed tasks, grouped by what went wrong."
            }
          >
            Failures by cause
          </Header>
        }
        empty={
          found.isError ? (
            <ProblemAlert error={found.error} retry={() => void found.refetch()} />
          ) : (
            <Box textAlign="center" color="inherit" padding="m">
              No task has failed.
            </Box>
          )
        }
        columns={[
          {
            id: "count",
            header: "Tasks",
            width: 130,
            cell: (each) => (
              <span className="figures nowrap">
                {formatNumber(each.count)} <Box variant="small">{formatPercent(each.count, counted)}</Box>
              </span>
            ),
          },
          { id: "type", header: "Error", width: 180, isRowHeader: true, cell: (each) => each.error_type },
          {
            id: "message",
            header: "Message",
            minWidth: 240,
            cell: (each) => (
              <>
                <span className="mono">{each.message || "–"}</span>
                {each.discarded > 0 && <Discarded cause={each} />}
              </>
            ),
          },
          {
            id: "examples",
            header: "Examples",
            width: 180,
            cell: (each) => (
              <SpaceBetween direction="horizontal" size="xs">
                {each.examples.map(({ task_id: id, message }) => (
                  <span key={id} title={message} className="examples">
                    <Link href={taskHref(indexOf(id))}>{formatNumber(indexOf(id))}</Link>
                  </span>
                ))}
              </SpaceBetween>
            ),
          },
          {
            id: "retry",
            header: "Actions",
            width: 150,
            card: "bare",
            cell: (each) => (
              <SpaceBetween size="xxs">
                <Button
                  variant="inline-link"
                  ariaLabel={`Retry these: ${each.error_type}: ${each.message}`}
                  disabled={job.status !== "FAILED"}
                  disabledReason="The job has to have failed; wait for its end"
                  onClick={() => setAsking({ what: "retry", cause: each })}
                >
                  Retry these
                </Button>
                <Button
                  variant="inline-link"
                  ariaLabel={`Discard these: ${each.error_type}: ${each.message}`}
                  disabled={moving || each.discarded === each.count}
                  disabledReason={moving ? "The job has to have ended" : "They are discarded already"}
                  onClick={() => setAsking({ what: "discard", cause: each })}
                >
                  Discard these
                </Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
      {asking &&
        (asking.what === "retry" ? renderRetry : renderDiscard)({
          tasks: asking.cause.count,
          cause: { fingerprint: asking.cause.cause, description: describeCause(asking.cause) },
          onClose: () => setAsking(null),
        })}
    </>
  );
}

function Discarded({ cause: { count, discarded, discard } }: { cause: Cause }) {
  const which = discarded === count ? "Discarded" : `${formatNumber(discarded)} of them discarded`;
  return (
    <Box variant="small" color="text-body-secondary" display="block">
      {which}
      {discard && (
        <>
          {" "}
          by {discard.by}, <Timestamp at={discard.at} />: {discard.reason}
        </>
      )}
    </Box>
  );
}
