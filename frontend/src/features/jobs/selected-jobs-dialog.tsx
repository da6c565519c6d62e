/** The confirmation of an action on several selected jobs. Jobs whose state does not allow it are skipped. */

import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { unfinishedTasks } from "@/lib/job";
import { allowedActions, JOB_ACTIONS, type JobAction } from "./action-descriptions";
import { useJobsAction } from "./api";

export interface SelectedJobsDialogProps {
  action: JobAction;
  jobs: Job[];
  onClose: () => void;
}

export function SelectedJobsDialog({ action, jobs, onClose }: SelectedJobsDialogProps) {
  const runAction = useJobsAction();
  const [running, setRunning] = useState(false);
  const allowed = jobs.filter((job) => allowedActions(job)[action]);
  const skipped = jobs.length - allowed.length;
  const tasks = allowed.reduce((sum, job) => sum + (action === "retry" ? job.counts.failed : unfinishedTasks(job)), 0);
  const label = `${JOB_ACTIONS[action].infinitive} ${pluralize(allowed.length, "job")}`;
  return (
    <ConfirmDialog
      header={`${label}?`}
      confirmLabel={label}
      loading={running}
      canConfirm={allowed.length > 0}
      onConfirm={() => {
        setRunning(true);
        onClose();
        void runAction(action, allowed);
      }}
      onDismiss={onClose}
    >
      This action affects {pluralize(tasks, "task")} of {pluralize(allowed.length, "job")}.
      {skipped > 0 &&
        ` ${pluralize(skipped, "other selected job")} ${skipped === 1 ? "is" : "are"} skipped, because the state of ${skipped === 1 ? "that job" : "those jobs"} does not allow it.`}
    </ConfirmDialog>
  );
}
