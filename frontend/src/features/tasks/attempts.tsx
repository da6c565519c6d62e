/** What came of each attempt of a task, the latest first: on which worker, when, and why it failed. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { CodeBlock } from "@/components/code-block";
import { ProblemAlert } from "@/components/problem-alert";
import { AttemptOutcomeIndicator } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import { useApi } from "@/lib/api/context";
import type { Attempt, Task } from "@/lib/api/types";
import { formatDuration, formatNumber, formatPercent, pluralize } from "@/lib/format";
import { ATTEMPTS_AT_ONCE, attemptsQuery } from "./api";
import { describeCrashes, hasExpired, attemptName } from "./attempt-descriptions";
import "./attempts.css";

/** Before the user asks for more, so that what else there is of the task stays near. */
const FIRST_SHOWN = 5;

export function Attempts({ task, every }: { task: Task; every: number | false }) {
  const [most, setMost] = useState(FIRST_SHOWN);
  const found = useInfiniteQuery({ ...attemptsQuery(useApi(), task), refetchInterval: every });
  if (found.isPending) return <Spinner />;
  if (!found.data) return <ProblemAlert error={found.error} retry={() => void found.refetch()} />;
  const latestFirst = found.data.pages.flatMap((page) => page.items.toReversed());
  if (!latestFirst.length) return <Box color="text-body-secondary">No worker has begun with it yet.</Box>;
  const several = latestFirst.some((each) => (each.generation ?? 1) > 1);
  return (
    <SpaceBetween size="xs">
      <ol className="attempts" aria-label="Attempts, the latest first">
        {latestFirst.slice(0, most).map((each) => (
          <AttemptItem key={keyOf(each)} attempt={each} name={attemptName(each, several)} />
        ))}
      </ol>
      {(found.hasNextPage || latestFirst.length > most) && (
        <Button
          loading={found.isFetchingNextPage}
          onClick={() => {
            setMost(most + ATTEMPTS_AT_ONCE);
            if (found.hasNextPage && latestFirst.length < most + ATTEMPTS_AT_ONCE) void found.fetchNextPage();
          }}
        >
          {found.hasNextPage ? "Show older attempts" : `Show ${pluralize(latestFirst.length - most, "older attempt")}`}
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
      <div className="attempt-head">
        <Box variant="strong">{name}</Box>
        <AttemptOutcomeIndicator outcome={attempt.outcome} />
        {attempt.duration !== null && (
          <span className="attempt-length figures">{formatDuration(attempt.duration)}</span>
        )}
        {attempt.progress !== null && (
          <span className="attempt-length figures">{formatPercent(attempt.progress, 1)}</span>
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
  const { worker, epoch, started_at: started, finished_at: finished, lease_until: until, crashes } = attempt;
  return (
    <>
      <span className="break">{worker ? `Worker ${worker}` : "Worker not known"}</span>
      {epoch !== null && <> · epoch {formatNumber(epoch)}</>}
      {started && (
        <>
          {" · started "}
          <Timestamp at={started} />
        </>
      )}
      {!started && finished && (
        <>
          {" · given up "}
          <Timestamp at={finished} />
        </>
      )}
      {until && (
        <>
          {hasExpired(until) ? " · its lease ended " : " · lease until "}
          <Timestamp at={until} />
        </>
      )}
      {crashes && attempt.outcome === "running" ? <div>{describeCrashes(crashes)}</div> : null}
    </>
  );
}

function AttemptError({ attempt: { error } }: { attempt: Attempt }) {
  if (!error) return null;
  const [first = ""] = error.message.split("\n", 1);
  const whole = first === error.message && !error.tail;
  const head = `${error.type}${first ? `: ${first}` : ""}`;
  if (whole) return <span className="mono">{head}</span>;
  return (
    <ExpandableSection variant="inline" headerText={<span className="mono attempt-error">{head}</span>}>
      <SpaceBetween size="xs">
        {first !== error.message && <CodeBlock text={error.message} label="message" low />}
        {error.tail && <CodeBlock text={error.tail} label="tail of the output" low />}
      </SpaceBetween>
    </ExpandableSection>
  );
}
