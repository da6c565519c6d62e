/** A form for the fields that can change while a job is open. */

import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { PRIORITY_LABELS } from "@/components/priority-labels";
import { SegmentedField } from "@/components/segmented-field";
import type { Job } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { jobTitle } from "@/lib/job";
import { type JobChanges, useChangeJob } from "./api";

const MAX_CHUNKS = 65_536;

interface Tag {
  key: string;
  value: string;
}

const updateTag = (tags: Tag[], index: number, change: Partial<Tag>): Tag[] =>
  tags.map((each, i) => (i === index ? { ...each, ...change } : each));

const sameTags = (first: Record<string, string>, second: Record<string, string>): boolean =>
  Object.keys(first).length === Object.keys(second).length &&
  Object.entries(first).every(([key, value]) => second[key] === value);

export function ChangeJobDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const changeJob = useChangeJob();
  const [name, setName] = useState(job.name);
  const [priority, setPriority] = useState(job.priority);
  const [limitText, setLimitText] = useState(job.max_parallelism === null ? "" : String(job.max_parallelism));
  const [tagRows, setTagRows] = useState(() => Object.entries(job.tags).map(([key, value]) => ({ key, value })));
  const limitValid =
    limitText === "" || (/^\d+$/.test(limitText) && Number(limitText) > 0 && Number(limitText) <= MAX_CHUNKS);
  const limit = limitText === "" ? null : Number(limitText);
  const keys = tagRows.map((each) => each.key.trim());
  const tagsValid = keys.every((each, i) => each !== "" && keys.indexOf(each) === i);
  const tags = Object.fromEntries(tagRows.map(({ key, value }) => [key.trim(), value.trim()]));
  const changes: JobChanges = {
    ...(name === job.name ? {} : { name }),
    ...(priority === job.priority ? {} : { priority }),
    ...(limit === job.max_parallelism ? {} : { max_parallelism: limit }),
    ...(sameTags(tags, job.tags) ? {} : { tags }),
  };
  const waiting = job.counts.pending + job.counts.retrying;
  return (
    <ConfirmDialog
      header={`Change ${jobTitle(job)}`}
      confirmLabel="Save changes"
      loading={changeJob.isPending}
      canConfirm={limitValid && tagsValid && Object.keys(changes).length > 0}
      onDismiss={onClose}
      onConfirm={() => changeJob.mutate({ job, changes }, { onSettled: onClose })}
    >
      <SpaceBetween size="m">
        <div>
          Changes apply to {pluralize(waiting, "waiting task")}. They do not affect{" "}
          {pluralize(job.counts.running, "running task")}.
        </div>
        <FormField label="Name">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <SegmentedField
          label="Priority"
          description="Selects the queue for chunks that are sent from now on"
          value={priority}
          labels={PRIORITY_LABELS}
          onChange={setPriority}
        />
        <FormField
          label="Max parallel chunks"
          description={
            job.max_parallelism === null
              ? "The job was submitted without a limit and has sent all its chunks. You can't add a limit."
              : "The number of chunks that can be in progress at the same time. Leave blank for no limit."
          }
          {...(limitValid ? {} : { errorText: `Enter a whole number from 1 to ${formatNumber(MAX_CHUNKS)}` })}
        >
          <Input
            value={limitText}
            disabled={job.max_parallelism === null}
            inputMode="numeric"
            placeholder="No limit"
            onChange={({ detail }) => setLimitText(detail.value.trim())}
          />
        </FormField>
        <FormField label="Tags" stretch {...(tagsValid ? {} : { errorText: "Enter a unique key for each tag" })}>
          <AttributeEditor
            items={tagRows}
            gridLayout={[{ rows: [[1, 1]], removeButton: { width: "auto" } }]}
            addButtonText="Add tag"
            removeButtonText="Remove"
            removeButtonAriaLabel={(each) => `Remove tag ${each.key}`}
            empty="No tags"
            isItemRemovable={() => true}
            definition={[
              {
                label: "Key",
                control: (each, i) => (
                  <Input
                    ariaLabel={`Key of tag ${i + 1}`}
                    value={each.key}
                    onChange={({ detail }) => setTagRows(updateTag(tagRows, i, { key: detail.value }))}
                  />
                ),
              },
              {
                label: "Value",
                control: (each, i) => (
                  <Input
                    ariaLabel={`Value of tag ${i + 1}`}
                    value={each.value}
                    onChange={({ detail }) => setTagRows(updateTag(tagRows, i, { value: detail.value }))}
                  />
                ),
              },
            ]}
            onAddButtonClick={() => setTagRows([...tagRows, { key: "", value: "" }])}
            onRemoveButtonClick={({ detail }) => setTagRows(tagRows.filter((_, i) => i !== detail.itemIndex))}
          />
        </FormField>
      </SpaceBetween>
    </ConfirmDialog>
  );
}
