/** The same job once more: under which name, and how urgent. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { Choice } from "@/components/choice";
import { Confirm } from "@/components/confirm";
import { PRIORITIES } from "@/components/priority";
import type { Job } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { titleOf, useClone } from "./api";

export interface CloneConfirmProps {
  job: Job;
  onClose: () => void;
  onCloned: (job: Job) => void;
}

export function CloneConfirm({ job, onClose, onCloned }: CloneConfirmProps) {
  const clone = useClone();
  const [name, setName] = useState(job.name);
  const [priority, setPriority] = useState(job.priority);
  const [key] = useState(() => crypto.randomUUID());
  return (
    <Confirm
      header={`Clone ${titleOf(job)}?`}
      verb="Clone job"
      busy={clone.isPending}
      onDismiss={onClose}
      onConfirm={() =>
        clone.mutate({ job, changed: { name, priority }, key }, { onSuccess: onCloned, onSettled: onClose })
      }
    >
      <SpaceBetween size="m">
        <div>
          {job.task_count === null ? "All its tasks" : plural(job.task_count, "task")} with the same inputs run once
          more, as a job of their own. This one stays as it is.
        </div>
        <FormField label="Name">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <Choice label="Priority" chosen={priority} words={PRIORITIES} onChoose={setPriority} />
      </SpaceBetween>
    </Confirm>
  );
}
