/** Statuses as an icon with a label, never as a color alone. Each map is complete, or it does not compile. */

import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { AttemptOutcome, Job, JobStatus, TaskStatus, WorkerState } from "@/lib/api/types";
import { isOpenJob } from "@/lib/job";

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
  unknown: { type: "info", label: "Unknown" },
};

const WORKER_STATE_STYLES: Record<WorkerState, StatusStyle> = {
  alive: { type: "success", label: "Alive" },
  silent: { type: "error", label: "Silent" },
  left: { type: "stopped", label: "Left" },
  unknown: { type: "info", label: "Unknown" },
};

/** The labels of a job that is about to get a final status. */
const ENDING_LABELS: Record<JobStatus, string> = {
  PENDING: "Ending",
  ENQUEUED: "Ending",
  RUNNING: "Ending",
  COMPLETED: "Completing",
  FAILED: "Failing",
  CANCELLED: "Cancelling",
};

type JobState = Pick<Job, "status" | "paused" | "ending" | "drained">;

export function jobStatusStyle(job: JobState): StatusStyle {
  if (isOpenJob(job) && job.ending) return { type: "in-progress", label: ENDING_LABELS[job.ending] };
  if (isOpenJob(job) && job.paused) {
    return job.drained ? { type: "stopped", label: "Paused" } : { type: "in-progress", label: "Pausing" };
  }
  return JOB_STATUS_STYLES[job.status];
}

const indicator = ({ type, label }: StatusStyle) => <StatusIndicator type={type}>{label}</StatusIndicator>;

export const JobStatusIndicator = ({ job }: { job: JobState }) => indicator(jobStatusStyle(job));

export const TaskStatusIndicator = ({ status }: { status: TaskStatus }) => indicator(TASK_STATUS_STYLES[status]);

export const AttemptOutcomeIndicator = ({ outcome }: { outcome: AttemptOutcome }) =>
  indicator(ATTEMPT_OUTCOME_STYLES[outcome]);

export const WorkerStateIndicator = ({ state }: { state: WorkerState }) => indicator(WORKER_STATE_STYLES[state]);
