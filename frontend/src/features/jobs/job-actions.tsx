/** The buttons of a job: what its state allows, each confirmed. */

import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { useIsMobile } from "@/components/use-is-mobile";
import { RefreshControl } from "@/components/refresh-control";
import { isActive } from "@/components/status-indicators";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { allowedActions, jobTitle, useDeleteJob, type JobAction, JOB_ACTION_LABELS } from "./api";
import { ChangeJobDialog } from "./change-job-dialog";
import { CloneJobDialog } from "./clone-job-dialog";
import { DiscardDialog } from "./discard-dialog";
import { RetryDialog } from "./retry-dialog";
import { JobActionDialog } from "./job-action-dialog";

type Asked = JobAction | "change" | "clone" | "delete" | "discard";

export function JobActions({ job }: { job: Job }) {
  const [asking, setAsking] = useState<Asked | null>(null);
  const navigate = useNavigate();
  const can = allowedActions(job);
  const phone = useIsMobile();
  const verbs: JobAction[] = ["retry", job.paused ? "resume" : "pause", "cancel"];
  const rest = [
    {
      id: "change",
      text: "Change",
      disabled: !isActive(job),
      disabledReason: "Only a job that is under way can be changed",
    },
    { id: "clone", text: "Clone" },
    {
      id: "discard",
      text: "Discard failed",
      disabled: isActive(job) || job.counts.failed === 0,
      disabledReason: isActive(job) ? "Only a job that has ended has failures to leave" : "No task has failed",
    },
    {
      id: "delete",
      text: "Delete",
      disabled: isActive(job),
      disabledReason: "Only a job that has ended can be deleted",
    },
  ];
  const close = (): void => setAsking(null);
  return (
    <>
      <div className="buttons">
        <RefreshControl pushed />
        {!phone &&
          verbs.map((verb) => (
            <Button key={verb} disabled={!can[verb]} onClick={() => setAsking(verb)}>
              {JOB_ACTION_LABELS[verb]}
            </Button>
          ))}
        <ButtonDropdown
          items={[
            ...(phone ? verbs.map((verb) => ({ id: verb, text: JOB_ACTION_LABELS[verb], disabled: !can[verb] })) : []),
            ...rest,
          ]}
          onItemClick={({ detail }) => setAsking(detail.id as Asked)}
        >
          Actions
        </ButtonDropdown>
      </div>
      {asking === "clone" && (
        <CloneJobDialog
          job={job}
          onClose={close}
          onCloned={(made) => void navigate({ to: "/jobs/$jobId", params: { jobId: made.id } })}
        />
      )}
      {asking === "delete" && (
        <DeleteConfirm job={job} onClose={close} onDeleted={() => void navigate({ to: "/jobs" })} />
      )}
      {asking === "change" && <ChangeJobDialog job={job} onClose={close} />}
      {asking === "retry" && <RetryDialog job={job} tasks={job.counts.failed + job.counts.cancelled} onClose={close} />}
      {asking === "discard" && <DiscardDialog job={job} tasks={job.counts.failed} onClose={close} />}
      {(asking === "pause" || asking === "resume" || asking === "cancel") && (
        <JobActionDialog verb={asking} job={job} onClose={close} />
      )}
    </>
  );
}

function DeleteConfirm({ job, onClose, onDeleted }: { job: Job; onClose: () => void; onDeleted: () => void }) {
  const remove = useDeleteJob();
  return (
    <ConfirmDialog
      header={`Delete ${jobTitle(job)}?`}
      confirmLabel="Delete job"
      loading={remove.isPending}
      onDismiss={onClose}
      onConfirm={() => remove.mutate(job, { onSuccess: onDeleted, onSettled: onClose })}
    >
      The job, {pluralize(job.task_count ?? 0, "task")} and {pluralize(job.counts.completed, "result")} can be seen no
      more. It cannot be undone.
    </ConfirmDialog>
  );
}
