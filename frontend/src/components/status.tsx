/** Statuses as an icon and a word, never a colour alone. Each map names every status, or does not compile. */

import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { AttemptOutcome, Job, JobStatus, Presence, TaskStatus } from "@/lib/api/types";

interface Look {
  type: StatusIndicatorProps.Type;
  word: string;
}

export const JOB_LOOKS: Record<JobStatus, Look> = {
  PENDING: { type: "pending", word: "Pending" },
  ENQUEUED: { type: "pending", word: "Enqueued" },
  RUNNING: { type: "in-progress", word: "Running" },
  COMPLETED: { type: "success", word: "Completed" },
  FAILED: { type: "error", word: "Failed" },
  CANCELLED: { type: "stopped", word: "Cancelled" },
};

export const TASK_LOOKS: Record<TaskStatus, Look> = {
  PENDING: { type: "pending", word: "Pending" },
  RUNNING: { type: "in-progress", word: "Running" },
  RETRYING: { type: "warning", word: "Retrying" },
  COMPLETED: { type: "success", word: "Completed" },
  FAILED: { type: "error", word: "Failed" },
  CANCELLED: { type: "stopped", word: "Cancelled" },
};

const ATTEMPT_LOOKS: Record<AttemptOutcome, Look> = {
  running: { type: "in-progress", word: "Running" },
  completed: { type: "success", word: "Completed" },
  failed: { type: "error", word: "Failed" },
  worker_died: { type: "error", word: "Worker died" },
  cancelled: { type: "stopped", word: "Cancelled" },
  unknown: { type: "info", word: "Not kept" },
};

const PRESENCE_LOOKS: Record<Presence, Look> = {
  alive: { type: "success", word: "Alive" },
  silent: { type: "error", word: "Silent" },
  left: { type: "stopped", word: "Left" },
  unknown: { type: "info", word: "Unknown" },
};

const ENDING_WORDS: Record<JobStatus, string> = {
  PENDING: "Ending",
  ENQUEUED: "Ending",
  RUNNING: "Ending",
  COMPLETED: "Completing",
  FAILED: "Failing",
  CANCELLED: "Cancelling",
};

const LIVE_STATUSES: ReadonlySet<JobStatus> = new Set(["PENDING", "ENQUEUED", "RUNNING"]);

export const isLive = (job: Pick<Job, "status">): boolean => LIVE_STATUSES.has(job.status);

export function jobLook(job: Pick<Job, "status" | "paused" | "ending" | "drained">): Look {
  if (isLive(job) && job.ending) return { type: "in-progress", word: ENDING_WORDS[job.ending] };
  if (isLive(job) && job.paused) {
    return job.drained ? { type: "stopped", word: "Paused" } : { type: "in-progress", word: "Pausing" };
  }
  return JOB_LOOKS[job.status];
}

const shown = ({ type, word }: Look) => <StatusIndicator type={type}>{word}</StatusIndicator>;

export const JobStatusMark = ({ job }: { job: Pick<Job, "status" | "paused" | "ending" | "drained"> }) =>
  shown(jobLook(job));
export const TaskStatusMark = ({ status }: { status: TaskStatus }) => shown(TASK_LOOKS[status]);
export const AttemptMark = ({ outcome }: { outcome: AttemptOutcome }) => shown(ATTEMPT_LOOKS[outcome]);
export const PresenceMark = ({ state }: { state: Presence }) => shown(PRESENCE_LOOKS[state]);
