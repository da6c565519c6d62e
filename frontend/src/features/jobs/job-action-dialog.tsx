/** The confirmation of an action on one job. */

import { ConfirmDialog } from "@/components/confirm-dialog";
import type { Job } from "@/lib/api/types";
import { jobTitle } from "@/lib/job";
import { describeAction, JOB_ACTIONS, type JobAction } from "./action-descriptions";
import { useJobAction } from "./api";

export function JobActionDialog({ action, job, onClose }: { action: JobAction; job: Job; onClose: () => void }) {
  const jobAction = useJobAction();
  return (
    <ConfirmDialog
      header={`${JOB_ACTIONS[action].infinitive} ${jobTitle(job)}?`}
      confirmLabel={action === "retry" ? JOB_ACTIONS.retry.label : `${JOB_ACTIONS[action].label} job`}
      loading={jobAction.isPending}
      onDismiss={onClose}
      onConfirm={() => jobAction.mutate({ action, job }, { onSettled: onClose })}
    >
      {describeAction(action, job)}
    </ConfirmDialog>
  );
}
