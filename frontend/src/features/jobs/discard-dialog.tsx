/** A form that discards failed tasks, all or those of one cause, and records the reason. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { jobTitle } from "@/lib/job";
import { useDiscardTasks } from "./api";
import { describeDiscard } from "./retry-descriptions";
import type { SelectedCause } from "./retry-dialog";

const MAX_REASON_LENGTH = 500;

export interface DiscardDialogProps {
  job: Job;
  tasks: number;
  /** Discards only the tasks of this cause. */
  cause?: SelectedCause;
  onClose: () => void;
}

export function DiscardDialog({ job, tasks, cause, onClose }: DiscardDialogProps) {
  const discardTasks = useDiscardTasks();
  const [text, setText] = useState("");
  const reason = text.trim();
  const tooLong = reason.length > MAX_REASON_LENGTH;
  return (
    <ConfirmDialog
      header={cause ? `Discard ${pluralize(tasks, "task")}?` : `Discard failed tasks of ${jobTitle(job)}?`}
      confirmLabel="Discard tasks"
      loading={discardTasks.isPending}
      canConfirm={reason !== "" && !tooLong}
      onDismiss={onClose}
      onConfirm={() =>
        discardTasks.mutate(
          { job, selection: cause ? { cause: cause.fingerprint } : { all: true }, reason },
          { onSettled: onClose },
        )
      }
    >
      <SpaceBetween size="m">
        <div>{describeDiscard(tasks, cause?.description ?? null)}</div>
        <FormField
          label="Reason"
          description="Shown with the job and in its activity"
          {...(tooLong ? { errorText: `Enter at most ${MAX_REASON_LENGTH} characters` } : {})}
        >
          <Input
            value={text}
            placeholder="For example, invalid inputs"
            onChange={({ detail }) => setText(detail.value)}
          />
        </FormField>
      </SpaceBetween>
    </ConfirmDialog>
  );
}
