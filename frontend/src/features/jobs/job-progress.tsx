/** The progress of a job: task counts, canary, discarded tasks and the reason for its status. */

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { TASK_STATUS_STYLES } from "@/components/status-indicators";
import { TaskCountsBar } from "@/components/task-counts-bar";
import { Timestamp } from "@/components/timestamp";
import type { Job, TaskStatus } from "@/lib/api/types";
import { formatNumber, pluralize, toSentence } from "@/lib/format";
import { isOpenJob, jobHref } from "@/lib/job";
import { countOf } from "@/lib/task";
import { useJobReasons } from "./api";

export function JobProgress({ job }: { job: Job }) {
  return (
    <Container
      header={
        <Header variant="h2" description={describeSize(job)}>
          Progress
        </Header>
      }
    >
      <SpaceBetween size="m">
        <TaskCountsBar counts={job.counts} total={job.task_count} />
        <TaskCountLinks job={job} />
        {job.canary && (
          <div>
            <Box variant="awsui-key-label">Canary</Box>
            {describeCanary(job.canary)}
          </div>
        )}
        {job.discards.length > 0 && <Discards job={job} />}
        <div>
          <Box variant="awsui-key-label">Status reason</Box>
          <div aria-live="polite">
            <StatusReason job={job} />
          </div>
        </div>
      </SpaceBetween>
    </Container>
  );
}

function describeSize(job: Job): string {
  const tasks = job.task_count === null ? "Planning tasks" : pluralize(job.task_count, "task");
  const chunks = job.chunk_size ? ` in chunks of ${formatNumber(job.chunk_size)}` : "";
  return `${tasks}${chunks}${describeRate(job)}`;
}

function describeRate(job: Job): string {
  // A retry has its own start time, but the counts include the tasks of earlier generations.
  if (!job.started_at || job.generation > 1) return "";
  const until = job.finished_at ? Date.parse(job.finished_at) : Date.now();
  const seconds = (until - Date.parse(job.started_at)) / 1000;
  const ended = job.counts.completed + job.counts.failed;
  if (seconds < 1 || !ended) return "";
  const rate = ended / seconds;
  return ` · ${rate < 10 ? rate.toFixed(1) : formatNumber(Math.round(rate))} tasks/s on average`;
}

const STATUSES: TaskStatus[] = ["COMPLETED", "RUNNING", "RETRYING", "FAILED", "CANCELLED", "PENDING"];

/** The number of tasks of each status, linked to those tasks. */
function TaskCountLinks({ job }: { job: Job }) {
  return (
    <div className="count-links-frame">
      <div className="count-links figures">
        {STATUSES.map((status) => (
          <div key={status}>
            <Box variant="awsui-key-label">
              <span className={`swatch fill-${status.toLowerCase()}`} /> {TASK_STATUS_STYLES[status].label}
            </Box>
            <Link fontSize="heading-l" href={`${jobHref(job.id)}?tab=tasks&tasks=${status}`} variant="primary">
              {formatNumber(countOf(job.counts, status))}
            </Link>
          </div>
        ))}
      </div>
    </div>
  );
}

function describeCanary({ tried, succeeded, bar, verdict }: NonNullable<Job["canary"]>): string {
  const size = `${pluralize(tried, "task")}; at least ${Math.round(bar * 100)}% must complete.`;
  if (!verdict) return `${size} The other tasks wait for the canary.`;
  return `${size} ${succeeded === null ? "" : `${formatNumber(succeeded)} completed. `}Canary ${verdict}.`;
}

function Discards({ job: { id, discards } }: { job: Job }) {
  return (
    <div>
      <Box variant="awsui-key-label">Discarded tasks</Box>
      {discards.map((each) => (
        <div key={`${each.cause} ${each.tasks} ${each.at}`} className="break">
          {each.cause ? (
            <Link href={`${jobHref(id)}?tab=failures`}>One cause</Link>
          ) : each.tasks === null ? (
            "All failed tasks"
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

/** Why an open job waits, or why a job has ended. */
function StatusReason({ job }: { job: Job }) {
  const active = isOpenJob(job);
  const { data, isError } = useJobReasons(job.id, { active });
  if (!active) return <span className="break">{describeEnd(job)}</span>;
  const [first, ...others] = data?.reasons ?? [];
  if (!first) return <>{isError ? "Could not load the status reason" : "–"}</>;
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

function describeEnd(job: Job): string {
  if (job.reason) return toSentence(job.reason);
  return job.status === "COMPLETED" ? `All ${pluralize(job.counts.completed, "task")} completed.` : "–";
}
