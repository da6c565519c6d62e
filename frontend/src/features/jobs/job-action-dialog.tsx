/** The confirmation of each verb: it says what will happen to how many tasks. */

import { ConfirmDialog } from "@/components/confirm-dialog";
import type { Job } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { jobTitle, unfinishedTasks, useJobAction, type JobAction, JOB_ACTION_LABELS } from "./api";

function describeEffect(verb: JobAction, job: Job): string {
  const { counts } = job;
  switch (verb) {
    case "cancel":
      return `${pluralize(unfinishedTasks(job), "task")} that ${unfinishedTasks(job) === 1 ? "has" : "have"} not ended will be cancelled; what runs is told to stop. ${pluralize(counts.completed, "result")} already there ${counts.completed === 1 ? "stays" : "stay"}. A cancelled job cannot be resumed or retried.`;
    case "pause":
      return `No further chunk begins. What runs now goes on to its end: ${pluralize(counts.running, "task")}. Clocks of the deadline stand still until you resume.`;
    case "resume":
      return `${pluralize(counts.pending + counts.retrying, "task")} that wait may begin again.`;
    case "retry":
      return `${pluralize(counts.failed + counts.cancelled, "task")} that did not complete will run again, as generation ${formatNumber(job.generation + 1)}, with fresh attempts. ${pluralize(counts.completed, "result")} already there ${counts.completed === 1 ? "stays" : "stay"}.`;
  }
}

const QUESTIONS: Record<JobAction, (title: string) => string> = {
  cancel: (title) => `Cancel ${title}?`,
  pause: (title) => `Pause ${title}?`,
  resume: (title) => `Resume ${title}?`,
  retry: (title) => `Retry what failed of ${title}?`,
};

export function JobActionDialog({ verb, job, onClose }: { verb: JobAction; job: Job; onClose: () => void }) {
  const steer = useJobAction();
  return (
    <ConfirmDialog
      header={QUESTIONS[verb](jobTitle(job))}
      confirmLabel={verb === "cancel" ? "Cancel job" : JOB_ACTION_LABELS[verb]}
      loading={steer.isPending}
      onDismiss={onClose}
      onConfirm={() => steer.mutate({ verb, job }, { onSettled: onClose })}
    >
      {describeEffect(verb, job)}
    </ConfirmDialog>
  );
}
