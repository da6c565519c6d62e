/** The buttons and the menu of actions on a job, with their dialogs. */

import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { RefreshControl } from "@/components/refresh-control";
import { useIsMobile } from "@/components/use-is-mobile";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { isOpenJob, jobTitle } from "@/lib/job";
import { allowedActions, JOB_ACTIONS, type JobAction } from "./action-descriptions";
import { useDeleteJob } from "./api";
import { ChangeJobDialog } from "./change-job-dialog";
import { CloneJobDialog } from "./clone-job-dialog";
import { DiscardDialog } from "./discard-dialog";
import { JobActionDialog } from "./job-action-dialog";
import { RetryDialog } from "./retry-dialog";

type Dialog = JobAction | "change" | "clone" | "delete" | "discard";

export function JobActions({ job }: { job: Job }) {
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const navigate = useNavigate();
  const allowed = allowedActions(job);
  const mobile = useIsMobile();
  const active = isOpenJob(job);
  const actions: JobAction[] = ["retry", job.paused ? "resume" : "pause", "cancel"];
  const menu = [
    { id: "change", text: "Change", disabled: !active, disabledReason: "The job has ended" },
    { id: "clone", text: "Clone" },
    {
      id: "discard",
      text: "Discard failed tasks",
      disabled: active || job.counts.failed === 0,
      disabledReason: active ? "The job has not ended" : "The job has no failed tasks",
    },
    { id: "delete", text: "Delete", disabled: active, disabledReason: "The job has not ended" },
  ];
  const close = (): void => setDialog(null);
  return (
    <>
      <div className="buttons">
        <RefreshControl live />
        {!mobile &&
          actions.map((action) => (
            <Button key={action} disabled={!allowed[action]} onClick={() => setDialog(action)}>
              {JOB_ACTIONS[action].label}
            </Button>
          ))}
        <ButtonDropdown
          items={[
            ...(mobile
              ? actions.map((action) => ({
                  id: action,
                  text: JOB_ACTIONS[action].label,
                  disabled: !allowed[action],
                }))
              : []),
            ...menu,
          ]}
          onItemClick={({ detail }) => setDialog(detail.id as Dialog)}
        >
          Actions
        </ButtonDropdown>
      </div>
      {dialog === "clone" && (
        <CloneJobDialog
          job={job}
          onClose={close}
          onCloned={(clone) => void navigate({ to: "/jobs/$jobId", params: { jobId: clone.id } })}
        />
      )}
      {dialog === "delete" && (
        <DeleteJobDialog job={job} onClose={close} onDeleted={() => void navigate({ to: "/jobs" })} />
      )}
      {dialog === "change" && <ChangeJobDialog job={job} onClose={close} />}
      {dialog === "retry" && <RetryDialog job={job} tasks={job.counts.failed + job.counts.cancelled} onClose={close} />}
      {dialog === "discard" && <DiscardDialog job={job} tasks={job.counts.failed} onClose={close} />}
      {(dialog === "pause" || dialog === "resume" || dialog === "cancel") && (
        <JobActionDialog action={dialog} job={job} onClose={close} />
      )}
    </>
  );
}

function DeleteJobDialog({ job, onClose, onDeleted }: { job: Job; onClose: () => void; onDeleted: () => void }) {
  const deleteJob = useDeleteJob();
  return (
    <ConfirmDialog
      header={`Delete ${jobTitle(job)}?`}
      confirmLabel="Delete job"
      loading={deleteJob.isPending}
      onDismiss={onClose}
      onConfirm={() => deleteJob.mutate(job, { onSuccess: onDeleted, onSettled: onClose })}
    >
      Deletes the job with {pluralize(job.task_count ?? 0, "task")} and {pluralize(job.counts.completed, "result")}. You
      can't undo this action.
    </ConfirmDialog>
  );
}
