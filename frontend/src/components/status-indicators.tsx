/** Statuses as an icon and a word, never a colour alone. Each map names every status, or does not compile. */

import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { AttemptOutcome, Job, JobStatus, WorkerState, TaskStatus } from "@/lib/api/types";

interface StatusStyle {
  type: StatusIndicatorProps.Type;
  label: string;
}

export const JOB_STATUS_STYLES: Record<JobStatus, StatusStyle> = {
  PENDING: { type: "pending", label: "Pending" },
  ENQUEUED: { type: "pending", label: "Enqueued" },
  RUNNING: { type: "in-progress", label: "Running" },
  COMPLETED: { type: "success", label: "Completed" },
  FAILED: { type: "error", label: "Failed" },
  CANCELLED: { type: "stopped", label: "Cancelled" },
};

export const TASK_STATUS_STYLES: Record<TaskStatus, StatusStyle> = {
  PENDING: { type: "pending", label: "Pending" },
  RUNNING: { type: "in-progress", label: "Running" },
  RETRYING: { type: "warning", label: "Retrying" },
  COMPLETED: { type: "success", label: "Completed" },
  FAILED: { type: "error", label: "Failed" },
  CANCELLED: { type: "stopped", label: "Cancelled" },
};

const ATTEMPT_OUTCOME_STYLES: Record<AttemptOutcome, StatusStyle> = {
  running: { type: "in-progress", label: "Running" },
  completed: { type: "success", label: "Completed" },
  failed: { type: "error", label: "Failed" },
  worker_died: { type: "error", label: "Worker died" },
  cancelled: { type: "stopped", label: "Cancelled" },
  unknown: { type: "info", label: "Not kept" },
};

const WORKER_STATE_STYLES: Record<WorkerState, StatusStyle> = {
  alive: { type: "success", label: "Alive" },
  silent: { type: "error", label: "Silent" },
  left: { type: "stopped", label: "Left" },
  unknown: { type: "info", label: "Unknown" },
};

const ENDING_LABELS: Record<JobStatus, string> = {
  PENDING: "Ending",
  ENQUEUED: "Ending",
  RUNNING: "Ending",
  COMPLETED: "Completing",
  FAILED: "Failing",
  CANCELLED: "Cancelling",
};

const ACTIVE_STATUSES: ReadonlySet<JobStatus> = new Set(["PENDING", "ENQUEUED", "RUNNING"]);

export const isActive = (job: Pick<Job, "status">): boolean => ACTIVE_STATUSES.has(job.status);

export function jobStatusStyle(job: Pick<Job, "status" | "paused" | "ending" | "drained">): StatusStyle {
  if (isActive(job) && job.ending) return { type: "in-progress", label: ENDING_LABELS[job.ending] };
  if (isActive(job) && job.paused) {
    return job.drained ? { type: "stopped", label: "Paused" } : { type: "in-progress", label: "Pausing" };
  }
  return JOB_STATUS_STYLES[job.status];
}

const shown = ({ type, label: word }: StatusStyle) => <StatusIndicator type={type}>{word}</StatusIndicator>;

export const JobStatusIndicator = ({ job }: { job: Pick<Job, "status" | "paused" | "ending" | "drained"> }) =>
  shown(jobStatusStyle(job));
export const TaskStatusIndicator = ({ status }: { status: TaskStatus }) => shown(TASK_STATUS_STYLES[status]);
export const AttemptOutcomeIndicator = ({ outcome }: { outcome: AttemptOutcome }) =>
  shown(ATTEMPT_OUTCOME_STYLES[outcome]);
export const WorkerStateIndicator = ({ state }: { state: WorkerState }) => shown(WORKER_STATE_STYLES[state]);
