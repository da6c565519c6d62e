/** The buttons of a job: what its state allows, each confirmed. */

import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Confirm } from "@/components/confirm";
import { useIsPhone } from "@/components/phone";
import { RefreshControl } from "@/components/refresh";
import { isLive } from "@/components/status";
import type { Job } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { allowed, titleOf, useDelete, type Verb, VERB_NAMES } from "./api";
import { ChangeConfirm } from "./change";
import { CloneConfirm } from "./clone";
import { DiscardConfirm } from "./discard";
import { RetryConfirm } from "./retry-some";
import { SteerConfirm } from "./steer";

type Asked = Verb | "change" | "clone" | "delete" | "discard";

export function JobActions({ job }: { job: Job }) {
  const [asking, setAsking] = useState<Asked | null>(null);
  const navigate = useNavigate();
  const can = allowed(job);
  const phone = useIsPhone();
  const verbs: Verb[] = ["retry", job.paused ? "resume" : "pause", "cancel"];
  const rest = [
    {
      id: "change",
      text: "Change",
      disabled: !isLive(job),
      disabledReason: "Only a job that is under way can be changed",
    },
    { id: "clone", text: "Clone" },
    {
      id: "discard",
      text: "Discard failed",
      disabled: isLive(job) || job.counts.failed === 0,
      disabledReason: isLive(job) ? "Only a job that has ended has failures to leave" : "No task has failed",
    },
    { id: "delete", text: "Delete", disabled: isLive(job), disabledReason: "Only a job that has ended can be deleted" },
  ];
  const close = (): void => setAsking(null);
  return (
    <>
      <div className="buttons">
        <RefreshControl pushed />
        {!phone &&
          verbs.map((verb) => (
            <Button key={verb} disabled={!can[verb]} onClick={() => setAsking(verb)}>
              {VERB_NAMES[verb]}
            </Button>
          ))}
        <ButtonDropdown
          items={[
            ...(phone ? verbs.map((verb) => ({ id: verb, text: VERB_NAMES[verb], disabled: !can[verb] })) : []),
            ...rest,
          ]}
          onItemClick={({ detail }) => setAsking(detail.id as Asked)}
        >
          Actions
        </ButtonDropdown>
      </div>
      {asking === "clone" && (
        <CloneConfirm
          job={job}
          onClose={close}
          onCloned={(made) => void navigate({ to: "/jobs/$jobId", params: { jobId: made.id } })}
        />
      )}
      {asking === "delete" && (
        <DeleteConfirm job={job} onClose={close} onDeleted={() => void navigate({ to: "/jobs" })} />
      )}
      {asking === "change" && <ChangeConfirm job={job} onClose={close} />}
      {asking === "retry" && (
        <RetryConfirm job={job} tasks={job.counts.failed + job.counts.cancelled} onClose={close} />
      )}
      {asking === "discard" && <DiscardConfirm job={job} tasks={job.counts.failed} onClose={close} />}
      {(asking === "pause" || asking === "resume" || asking === "cancel") && (
        <SteerConfirm verb={asking} job={job} onClose={close} />
      )}
    </>
  );
}

function DeleteConfirm({ job, onClose, onDeleted }: { job: Job; onClose: () => void; onDeleted: () => void }) {
  const remove = useDelete();
  return (
    <Confirm
      header={`Delete ${titleOf(job)}?`}
      verb="Delete job"
      busy={remove.isPending}
      onDismiss={onClose}
      onConfirm={() => remove.mutate(job, { onSuccess: onDeleted, onSettled: onClose })}
    >
      The job, {plural(job.task_count ?? 0, "task")} and {plural(job.counts.completed, "result")} can be seen no more.
      It cannot be undone.
    </Confirm>
  );
}
