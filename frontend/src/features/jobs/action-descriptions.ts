/** The actions that change the state of a job, and their descriptions. */

import type { Job } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { isOpenJob, unfinishedTasks } from "@/lib/job";

export type JobAction = "cancel" | "pause" | "resume" | "retry";

interface ActionText {
  label: string;
  /** The verb forms, before the name of a job or a number of jobs. */
  infinitive: string;
  progressive: string;
  past: string;
}

export const JOB_ACTIONS: Record<JobAction, ActionText> = {
  cancel: { label: "Cancel", infinitive: "Cancel", progressive: "Cancelling", past: "Cancelled" },
  pause: { label: "Pause", infinitive: "Pause", progressive: "Pausing", past: "Paused" },
  resume: { label: "Resume", infinitive: "Resume", progressive: "Resuming", past: "Resumed" },
  retry: {
    label: "Retry failed tasks",
    infinitive: "Retry failed tasks of",
    progressive: "Retrying failed tasks of",
    past: "Retried failed tasks of",
  },
};

/** The actions that the job's state allows. */
export function allowedActions(job: Job): Record<JobAction, boolean> {
  const stoppable = isOpenJob(job) && !job.ending;
  return {
    cancel: stoppable,
    pause: stoppable && !job.paused,
    resume: stoppable && job.paused,
    retry: job.status === "FAILED" && (job.task_count ?? 0) > 0,
  };
}

/** The effect of an action on a job, with the number of tasks that it affects. */
export function describeAction(action: JobAction, job: Job): string {
  const { counts } = job;
  const results = `${pluralize(counts.completed, "existing result")} ${counts.completed === 1 ? "is" : "are"} kept.`;
  switch (action) {
    case "cancel":
      return `Cancels ${pluralize(unfinishedTasks(job), "unfinished task")}. Running tasks receive a stop signal. ${results} You can't resume or retry a cancelled job.`;
    case "pause":
      return `No further chunks start. ${pluralize(counts.running, "running task")} ${counts.running === 1 ? "finishes" : "finish"}. The deadline clock stops until you resume the job.`;
    case "resume":
      return `${pluralize(counts.pending + counts.retrying, "waiting task")} can start.`;
    case "retry":
      return `Retries ${pluralize(counts.failed + counts.cancelled, "task")} that did not complete. The retry is generation ${formatNumber(job.generation + 1)}, with new attempts. ${results}`;
  }
}
