/** The same job once more: under which name, and how urgent. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { Confirm } from "@/components/confirm";
import type { Job, Priority } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { titleOf, useClone } from "./api";

const PRIORITIES: Priority[] = ["high", "normal", "low"];

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
      onConfirm={() => clone.mutate({ job, changed: { name, priority }, key }, { onSuccess: onCloned, onSettled: onClose })}
    >
      <SpaceBetween size="m">
        <div>
          {job.task_count === null ? "All its tasks" : plural(job.task_count, "task")} with the same inputs run once more, as a
          job of their own. This one stays as it is.
        </div>
        <FormField label="Name">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <FormField label="Priority">
          <SegmentedControl
            label="Priority"
            selectedId={priority}
            options={PRIORITIES.map((each) => ({ id: each, text: each }))}
            onChange={({ detail }) => setPriority(detail.selectedId as Priority)}
          />
        </FormField>
      </SpaceBetween>
    </Confirm>
  );
}
