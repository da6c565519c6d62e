/** What of a job may still change while it is under way: its name, how urgent it is, how wide it runs. */

import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { SegmentedField } from "@/components/segmented-field";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { PRIORITY_LABELS } from "@/components/priority-labels";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { type JobChange, jobTitle, useChangeJob } from "./api";

interface Tag {
  key: string;
  value: string;
}

const put = (tags: Tag[], at: number, part: Partial<Tag>): Tag[] =>
  tags.map((each, i) => (i === at ? { ...each, ...part } : each));

const sameTags = (one: Record<string, string>, other: Record<string, string>): boolean =>
  Object.keys(one).length === Object.keys(other).length &&
  Object.entries(one).every(([key, value]) => other[key] === value);

export function ChangeJobDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const change = useChangeJob();
  const [name, setName] = useState(job.name);
  const [priority, setPriority] = useState(job.priority);
  const [most, setMost] = useState(job.max_parallelism === null ? "" : String(job.max_parallelism));
  const [tags, setTags] = useState(() => Object.entries(job.tags).map(([key, value]) => ({ key, value })));
  const right = most === "" || (/^\d+$/.test(most) && Number(most) > 0 && Number(most) <= 65_536);
  const keys = tags.map((each) => each.key.trim());
  const named = keys.every((each, i) => each !== "" && keys.indexOf(each) === i);
  const tagged = Object.fromEntries(tags.map(({ key, value }) => [key.trim(), value.trim()]));
  const limit = most === "" ? null : Number(most);
  const changed: JobChange = {
    ...(name === job.name ? {} : { name }),
    ...(priority === job.priority ? {} : { priority }),
    ...(limit === job.max_parallelism ? {} : { max_parallelism: limit }),
    ...(sameTags(tagged, job.tags) ? {} : { tags: tagged }),
  };
  return (
    <ConfirmDialog
      header={`Change ${jobTitle(job)}`}
      confirmLabel="Change job"
      loading={change.isPending}
      canConfirm={right && named && Object.keys(changed).length > 0}
      onDismiss={onClose}
      onConfirm={() => change.mutate({ job, changed }, { onSettled: onClose })}
    >
      <SpaceBetween size="m">
        <div>
          It holds for what begins from now on: {pluralize(job.counts.pending + job.counts.retrying, "task")} that{" "}
          {job.counts.pending + job.counts.retrying === 1 ? "waits" : "wait"}. What runs goes on:{" "}
          {pluralize(job.counts.running, "task")}.
        </div>
        <FormField label="Name">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <SegmentedField
          label="Priority"
          description="Chunks that are sent from now on wait in the queue of this priority."
          value={priority}
          labels={PRIORITY_LABELS}
          onChange={setPriority}
        />
        <FormField
          label="Chunks at once"
          description={
            job.max_parallelism === null
              ? "All its chunks were let out when it was submitted; such a job takes no limit any more."
              : "At most so many are let out at a time; nothing for all at once."
          }
          {...(right ? {} : { errorText: "Give a whole number from 1 to 65,536" })}
        >
          <Input
            value={most}
            disabled={job.max_parallelism === null}
            inputMode="numeric"
            placeholder="No limit"
            onChange={({ detail }) => setMost(detail.value.trim())}
          />
        </FormField>
        <FormField label="Tags" stretch {...(named ? {} : { errorText: "Each tag needs a key of its own" })}>
          <AttributeEditor
            items={tags}
            gridLayout={[{ rows: [[1, 1]], removeButton: { width: "auto" } }]}
            addButtonText="Add a tag"
            removeButtonText="Remove"
            removeButtonAriaLabel={(each) => `Remove tag ${each.key}`}
            empty="It has no tags."
            isItemRemovable={() => true}
            definition={[
              {
                label: "Key",
                control: (each, at) => (
                  <Input
                    ariaLabel={`Key of tag ${at + 1}`}
                    value={each.key}
                    onChange={({ detail }) => setTags(put(tags, at, { key: detail.value }))}
                  />
                ),
              },
              {
                label: "Value",
                control: (each, at) => (
                  <Input
                    ariaLabel={`Value of tag ${at + 1}`}
                    value={each.value}
                    onChange={({ detail }) => setTags(put(tags, at, { value: detail.value }))}
                  />
                ),
              },
            ]}
            onAddButtonClick={() => setTags([...tags, { key: "", value: "" }])}
            onRemoveButtonClick={({ detail }) => setTags(tags.filter((_, i) => i !== detail.itemIndex))}
          />
        </FormField>
      </SpaceBetween>
    </ConfirmDialog>
  );
}
