/** A form that clones a job: the same inputs, with an optional new name and priority. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { PRIORITY_LABELS } from "@/components/priority-labels";
import { SegmentedField } from "@/components/segmented-field";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { jobTitle } from "@/lib/job";
import { useCloneJob } from "./api";

export interface CloneJobDialogProps {
  job: Job;
  onClose: () => void;
  onCloned: (job: Job) => void;
}

export function CloneJobDialog({ job, onClose, onCloned }: CloneJobDialogProps) {
  const cloneJob = useCloneJob();
  const [name, setName] = useState(job.name);
  const [priority, setPriority] = useState(job.priority);
  const [key] = useState(() => crypto.randomUUID());
  return (
    <ConfirmDialog
      header={`Clone ${jobTitle(job)}?`}
      confirmLabel="Clone job"
      loading={cloneJob.isPending}
      onDismiss={onClose}
      onConfirm={() =>
        cloneJob.mutate({ job, overrides: { name, priority }, key }, { onSuccess: onCloned, onSettled: onClose })
      }
    >
      <SpaceBetween size="m">
        <div>
          Submits a new job with the inputs of{" "}
          {job.task_count === null ? "all tasks" : pluralize(job.task_count, "task")}. The original job does not change.
        </div>
        <FormField label="Name">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <SegmentedField label="Priority" value={priority} labels={PRIORITY_LABELS} onChange={setPriority} />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
