/** What of a job may still change while it is under way: its name, how urgent it is, how wide it runs. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { Confirm } from "@/components/confirm";
import type { Job, Priority } from "@/lib/api/types";
import { titleOf, useChange } from "./api";

const PRIORITIES: Priority[] = ["high", "normal", "low"];

export function ChangeConfirm({ job, onClose }: { job: Job; onClose: () => void }) {
  const change = useChange();
  const [name, setName] = useState(job.name);
  const [priority, setPriority] = useState(job.priority);
  const [most, setMost] = useState(job.max_parallelism === null ? "" : String(job.max_parallelism));
  const right = most === "" || (/^\d+$/.test(most) && Number(most) > 0);
  const changed = {
    ...(name === job.name ? {} : { name }),
    ...(priority === job.priority ? {} : { priority }),
    ...(most === "" || Number(most) === job.max_parallelism ? {} : { max_parallelism: Number(most) }),
  };
  return (
    <Confirm
      header={`Change ${titleOf(job)}`}
      verb="Change job"
      busy={change.isPending}
      ready={right && Object.keys(changed).length > 0}
      onDismiss={onClose}
      onConfirm={() => change.mutate({ job, changed }, { onSettled: onClose })}
    >
      <SpaceBetween size="m">
        <FormField label="Name">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <FormField label="Priority" description="Chunks that are sent from now on wait in the queue of this priority.">
          <SegmentedControl
            label="Priority"
            selectedId={priority}
            options={PRIORITIES.map((each) => ({ id: each, text: each }))}
            onChange={({ detail }) => setPriority(detail.selectedId as Priority)}
          />
        </FormField>
        <FormField
          label="Chunks at once"
          description="At most so many are let out at a time."
          {...(right ? {} : { errorText: "Give a whole number over 0" })}
        >
          <Input
            value={most}
            inputMode="numeric"
            placeholder="No limit"
            onChange={({ detail }) => setMost(detail.value.trim())}
          />
        </FormField>
      </SpaceBetween>
    </Confirm>
  );
}
