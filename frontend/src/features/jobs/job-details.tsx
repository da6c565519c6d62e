/** What a job is, and how far it is. */

import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { CopyableText } from "@/components/copyable-text";
import { TaskCountsBar } from "@/components/task-counts-bar";
import { isActive, JobStatusIndicator, TASK_STATUS_STYLES } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import { useApi, usePlatform } from "@/lib/api/context";
import type { Counts, Job, TaskStatus } from "@/lib/api/types";
import { formatDuration, formatNumber, pluralize } from "@/lib/format";
import { toSentence } from "@/lib/notifications";
import { useRefetchInterval } from "@/lib/query";
import { jobWhyQuery } from "./api";
import { TagList, JobDuration } from "./job-columns";
import { fillLink } from "./external-links";

const COUNTED: Record<TaskStatus, keyof Counts> = {
  COMPLETED: "completed",
  RUNNING: "running",
  RETRYING: "retrying",
  FAILED: "failed",
  CANCELLED: "cancelled",
  PENDING: "pending",
};

/** A link to the tasks of each status, with how many there are. */
function TaskCountLinks({ job }: { job: Job }) {
  return (
    <div className="count-links-frame">
      <div className="count-links figures">
        {(Object.keys(COUNTED) as TaskStatus[]).map((status) => (
          <div key={status}>
            <Box variant="awsui-key-label">
              <span className={`swatch fill-${COUNTED[status]}`} /> {TASK_STATUS_STYLES[status].label}
            </Box>
            <Link fontSize="heading-l" href={`/jobs/${job.id}?tab=tasks&tasks=${status}`} variant="primary">
              {formatNumber(job.counts[COUNTED[status]])}
            </Link>
          </div>
        ))}
      </div>
    </div>
  );
}

/** Why it does not move, or how it ended, in a sentence. */
function StatusReason({ job }: { job: Job }) {
  const api = useApi();
  const every = useRefetchInterval();
  const live = isActive(job);
  const found = useQuery({
    ...jobWhyQuery(api, job.id),
    enabled: live,
    refetchInterval: live ? every : false,
  });
  if (!live) return <span className="break">{ending(job)}</span>;
  const [first, ...others] = found.data?.reasons ?? [];
  if (!first) return <>{found.isError ? "It could not be asked." : "–"}</>;
  return (
    <SpaceBetween size="xxs">
      <span>{toSentence(first.sentence)}</span>
      {others.map((each) => (
        <Box key={each.code} variant="small" color="text-body-secondary" display="block">
          {toSentence(each.sentence)}
        </Box>
      ))}
    </SpaceBetween>
  );
}

function canaryWords({ tried, succeeded, bar, verdict }: NonNullable<Job["canary"]>): string {
  const asked = `${pluralize(tried, "task")} went first; ${Math.round(bar * 100)}% of them have to succeed.`;
  if (!verdict) return `${asked} The rest waits for them.`;
  return `${asked} ${succeeded === null ? "" : `${formatNumber(succeeded)} did. `}It ${verdict}.`;
}

function DiscardedTasks({ job: { id, discards } }: { job: Job }) {
  return (
    <div>
      <Box variant="awsui-key-label">Discarded</Box>
      {discards.map((each) => (
        <div key={`${each.cause} ${each.tasks} ${each.at}`} className="break">
          {each.cause ? (
            <>
              A <Link href={`/jobs/${id}?tab=failures`}>cause of failures</Link>
            </>
          ) : each.tasks === null ? (
            "All that failed"
          ) : (
            pluralize(each.tasks, "task")
          )}
          : {toSentence(each.reason)}{" "}
          <Box variant="small" color="text-body-secondary">
            {each.by}, <Timestamp at={each.at} />
          </Box>
        </div>
      ))}
    </div>
  );
}

function ending(job: Job): string {
  if (job.reason) return toSentence(job.reason);
  return job.status === "COMPLETED" ? `All ${pluralize(job.counts.completed, "task")} completed.` : "–";
}

export function JobProgress({ job }: { job: Job }) {
  const rate = rateOf(job);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={`${job.task_count === null ? "Tasks are being planned" : pluralize(job.task_count, "task")}${job.chunk_size ? ` in chunks of ${formatNumber(job.chunk_size)}` : ""}${rate}`}
        >
          Progress
        </Header>
      }
    >
      <SpaceBetween size="m">
        <TaskCountsBar counts={job.counts} total={job.task_count} />
        <TaskCountLinks job={job} />
        {job.canary && (
          <div>
            <Box variant="awsui-key-label">A few first</Box>
            {canaryWords(job.canary)}
          </div>
        )}
        {job.discards.length > 0 && <DiscardedTasks job={job} />}
        <div>
          <Box variant="awsui-key-label">{isActive(job) ? "What it waits for" : "How it ended"}</Box>
          <div aria-live="polite">
            <StatusReason job={job} />
          </div>
        </div>
      </SpaceBetween>
    </Container>
  );
}

function rateOf(job: Job): string {
  if (!job.started_at || job.generation > 1) return ""; // a retry has a start of its own, but the counts of all
  const until = job.finished_at ? Date.parse(job.finished_at) : Date.now();
  const seconds = (until - Date.parse(job.started_at)) / 1000;
  const ended = job.counts.completed + job.counts.failed;
  if (seconds < 1 || !ended) return "";
  const rate = ended / seconds;
  return ` · ${rate < 10 ? rate.toFixed(1) : formatNumber(Math.round(rate))} tasks/s on average`;
}

export function JobDetails({ job }: { job: Job }) {
  const { config } = usePlatform();
  const execution = fillLink(config.executionUrl, job);
  const logs = fillLink(config.logsUrl, job);
  return (
    <ExpandableSection variant="container" headerText="Facts" headerDescription={glance(job)}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: "Status", value: <JobStatusIndicator job={job} /> },
          { label: "Id", value: <CopyableText text={job.id} what="job id" /> },
          {
            label: "Task type",
            value: <Link href={`/task-types?type=${encodeURIComponent(job.task_type)}`}>{job.task_type}</Link>,
          },
          { label: "Priority", value: job.priority },
          { label: "Created", value: <Timestamp at={job.created_at} /> },
          { label: "Started", value: <Timestamp at={job.started_at} /> },
          { label: "Finished", value: <Timestamp at={job.finished_at} /> },
          { label: "Duration", value: <JobDuration job={job} /> },
          { label: "Generation", value: formatNumber(job.generation) },
          {
            label: "Attempts of a task",
            value: `${pluralize(job.retry.max_attempts ?? 1, "attempt")}${retryWords(job)}`,
          },
          { label: "Timeout of an attempt", value: job.timeout === null ? "None" : formatDuration(job.timeout) },
          {
            label: "Most chunks at once",
            value: job.max_parallelism === null ? "No limit" : formatNumber(job.max_parallelism),
          },
          { label: "Deadline", value: <Timestamp at={job.deadline} emptyText="None" /> },
          { label: "Failures allowed", value: job.max_failed === null ? "Any" : formatNumber(job.max_failed) },
          { label: "Tags", value: <TagList tags={job.tags} /> },
          ...(execution
            ? [
                {
                  label: "Execution",
                  value: (
                    <Link external href={execution}>
                      Step Functions
                    </Link>
                  ),
                },
              ]
            : []),
          ...(logs
            ? [
                {
                  label: "Logs",
                  value: (
                    <Link external href={logs}>
                      CloudWatch Logs
                    </Link>
                  ),
                },
              ]
            : []),
        ]}
      />
    </ExpandableSection>
  );
}

/** What one wants to know of it without opening it. */
const glance = (job: Job): string =>
  [
    `Task type ${job.task_type}`,
    `${job.priority} priority`,
    `generation ${formatNumber(job.generation)}`,
    pluralize(job.retry.max_attempts ?? 1, "attempt"),
    ...Object.entries(job.tags).map(([key, value]) => `${key}=${value}`),
  ].join(" · ");

function retryWords(job: Job): string {
  const { max_attempts: most = 1, backoff = 1, factor = 2, max_delay: longest = 300 } = job.retry;
  if (most <= 1) return "";
  return `, ${formatDuration(backoff)} apart × ${factor}, at most ${formatDuration(longest)}`;
}
