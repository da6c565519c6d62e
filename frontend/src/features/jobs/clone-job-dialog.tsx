/** The same job once more: under which name, and how urgent. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { SegmentedField } from "@/components/segmented-field";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { PRIORITY_LABELS } from "@/components/priority-labels";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { jobTitle, useCloneJob } from "./api";

export interface CloneJobDialogProps {
  job: Job;
  onClose: () => void;
  onCloned: (job: Job) => void;
}

export function CloneJobDialog({ job, onClose, onCloned }: CloneJobDialogProps) {
  const clone = useCloneJob();
  const [name, setName] = useState(job.name);
  const [priority, setPriority] = useState(job.priority);
  const [key] = useState(() => crypto.randomUUID());
  return (
    <ConfirmDialog
      header={`Clone ${jobTitle(job)}?`}
      confirmLabel="Clone job"
      loading={clone.isPending}
      onDismiss={onClose}
      onConfirm={() =>
        clone.mutate({ job, changed: { name, priority }, key }, { onSuccess: onCloned, onSettled: onClose })
      }
    >
      <SpaceBetween size="m">
        <div>
          {job.task_count === null ? "All its tasks" : pluralize(job.task_count, "task")} with the same inputs run once
          more, as a job of their own. This one stays as it is.
        </div>
        <FormField label="Name">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <SegmentedField label="Priority" value={priority} labels={PRIORITY_LABELS} onChange={setPriority} />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
