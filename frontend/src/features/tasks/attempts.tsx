/** The attempts of a task, latest first, each with its worker, times and error. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useState } from "react";
import { CodeBlock } from "@/components/code-block";
import { ProblemAlert } from "@/components/problem-alert";
import { AttemptOutcomeIndicator } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import type { Attempt, Task } from "@/lib/api/types";
import { formatDuration, formatNumber, formatPercent, pluralize } from "@/lib/format";
import { ATTEMPTS_PAGE_SIZE, useAttempts } from "./api";
import { attemptName, describeCrashes, hasExpired } from "./attempt-descriptions";
import "./attempts.css";

/** The number of attempts before the user asks for more, so that the sections below stay in view. */
const INITIAL_LIMIT = 5;

export function Attempts({ task }: { task: Task }) {
  const [limit, setLimit] = useState(INITIAL_LIMIT);
  const { data, error, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useAttempts(task);
  if (isPending) return <Spinner />;
  if (!data) return <ProblemAlert error={error} retry={() => void refetch()} />;
  const latestFirst = data.pages.flatMap((page) => page.items.toReversed());
  if (!latestFirst.length) return <Box color="text-body-secondary">No attempts</Box>;
  const severalGenerations = latestFirst.some((each) => (each.generation ?? 1) > 1);
  return (
    <SpaceBetween size="xs">
      <ol className="attempts" aria-label="Attempts, latest first">
        {latestFirst.slice(0, limit).map((each) => (
          <AttemptItem key={keyOf(each)} attempt={each} name={attemptName(each, severalGenerations)} />
        ))}
      </ol>
      {(hasNextPage || latestFirst.length > limit) && (
        <Button
          loading={isFetchingNextPage}
          onClick={() => {
            setLimit(limit + ATTEMPTS_PAGE_SIZE);
            if (hasNextPage && latestFirst.length < limit + ATTEMPTS_PAGE_SIZE) void fetchNextPage();
          }}
        >
          {hasNextPage ? "Show older attempts" : `Show ${pluralize(latestFirst.length - limit, "older attempt")}`}
        </Button>
      )}
    </SpaceBetween>
  );
}

const keyOf = ({ generation, attempt, epoch, report }: Attempt): string =>
  [generation, attempt, epoch, report].join(".");

function AttemptItem({ attempt, name }: { attempt: Attempt; name: string }) {
  return (
    <li className="attempt">
      <div className="attempt-header">
        <Box variant="strong">{name}</Box>
        <AttemptOutcomeIndicator outcome={attempt.outcome} />
        {attempt.duration !== null && (
          <span className="attempt-duration figures">{formatDuration(attempt.duration)}</span>
        )}
        {attempt.progress !== null && (
          <span className="attempt-duration figures">{formatPercent(attempt.progress, 1)}</span>
        )}
      </div>
      <Box variant="small" color="text-body-secondary">
        <AttemptDetails attempt={attempt} />
      </Box>
      <AttemptError attempt={attempt} />
    </li>
  );
}

function AttemptDetails({ attempt }: { attempt: Attempt }) {
  const { worker, epoch, started_at: started, finished_at: finished, lease_until: leaseUntil, crashes } = attempt;
  return (
    <>
      <span className="break">{worker ? `Worker ${worker}` : "Unknown worker"}</span>
      {epoch !== null && <> · epoch {formatNumber(epoch)}</>}
      {started && (
        <>
          {" · started "}
          <Timestamp at={started} />
        </>
      )}
      {!started && finished && (
        <>
          {" · detected "}
          <Timestamp at={finished} />
        </>
      )}
      {leaseUntil && (
        <>
          {hasExpired(leaseUntil) ? " · lease expired " : " · leased until "}
          <Timestamp at={leaseUntil} />
        </>
      )}
      {crashes && attempt.outcome === "running" ? <div>{describeCrashes(crashes)}</div> : null}
    </>
  );
}

function AttemptError({ attempt: { error } }: { attempt: Attempt }) {
  if (!error) return null;
  const [firstLine = ""] = error.message.split("\n", 1);
  const summary = `${error.type}${firstLine ? `: ${firstLine}` : ""}`;
  if (firstLine === error.message && !error.tail) return <span className="mono">{summary}</span>;
  return (
    <ExpandableSection variant="inline" headerText={<span className="mono attempt-error">{summary}</span>}>
      <SpaceBetween size="xs">
        {firstLine !== error.message && <CodeBlock text={error.message} label="message" low />}
        {error.tail && <CodeBlock text={error.tail} label="end of the output" low />}
      </SpaceBetween>
    </ExpandableSection>
  );
}
