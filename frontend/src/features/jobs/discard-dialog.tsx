/** Leave failed tasks for good, all or of one cause, with a reason that everybody can read. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { jobTitle, useDiscardTasks } from "./api";
import { describeDiscard } from "./retry-descriptions";
import type { SelectedCause } from "./retry-dialog";

const LONGEST = 500;

export interface DiscardDialogProps {
  job: Job;
  tasks: number;
  cause?: SelectedCause;
  onClose: () => void;
}

export function DiscardDialog({ job, tasks, cause, onClose }: DiscardDialogProps) {
  const discard = useDiscardTasks();
  const [reason, setReason] = useState("");
  const said = reason.trim();
  return (
    <ConfirmDialog
      header={cause ? `Discard ${pluralize(tasks, "task")}?` : `Discard what failed of ${jobTitle(job)}?`}
      confirmLabel="Discard"
      loading={discard.isPending}
      canConfirm={said !== "" && said.length <= LONGEST}
      onDismiss={onClose}
      onConfirm={() =>
        discard.mutate(
          { job, which: cause ? { cause: cause.fingerprint } : { all: true }, reason: said },
          { onSettled: onClose },
        )
      }
    >
      <SpaceBetween size="m">
        <div>{describeDiscard(tasks, cause?.description ?? null)}</div>
        <FormField
          label="Reason"
          description="Shown at the job and in its events."
          {...(said.length > LONGEST ? { errorText: `At most ${LONGEST} characters` } : {})}
        >
          <Input value={reason} placeholder="Bad inputs, say" onChange={({ detail }) => setReason(detail.value)} />
        </FormField>
      </SpaceBetween>
    </ConfirmDialog>
  );
}
