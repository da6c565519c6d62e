/** What was asked for, and how to ask for it again from anywhere: with the same inputs, as a clone. */

import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useState } from "react";
import { CodeBlock } from "@/components/code-block";
import { type SnippetFormat, SNIPPET_FORMATS, renderSubmission, renderClone } from "@/components/code-snippets";
import { usePlatform } from "@/lib/api/context";
import type { Job, JobSubmission } from "@/lib/api/types";

/** What the job's row still tells of its submission; inputs are not in it. */
function specificationOf(job: Job): JobSubmission {
  return {
    task_type: job.task_type,
    ...(job.name ? { name: job.name } : {}),
    ...(job.task_count === null ? {} : { count: job.task_count }),
    priority: job.priority,
    retry: job.retry,
    ...(job.timeout === null ? {} : { timeout: job.timeout }),
    ...(job.max_parallelism === null ? {} : { max_parallelism: job.max_parallelism }),
    ...(job.max_failed === null ? {} : { max_failed: job.max_failed }),
    ...(job.deadline === null ? {} : { deadline: job.deadline }),
    ...(Object.keys(job.tags).length ? { tags: job.tags } : {}),
  } as JobSubmission;
}

export function JobSpecification({ job }: { job: Job }) {
  const { config } = usePlatform();
  const [form, setForm] = useState<SnippetFormat>("json");
  return (
    <SpaceBetween size="m">
      <SegmentedControl
        label="Form"
        selectedId={form}
        options={SNIPPET_FORMATS}
        onChange={({ detail }) => setForm(detail.selectedId as SnippetFormat)}
      />
      {form === "json" ? (
        <CodeBlock text={renderSubmission(form, specificationOf(job), config.api)} label="specification" />
      ) : (
        <CodeBlock text={renderClone(form, job.id, config.api)} label="specification" />
      )}
      <Box variant="small" color="text-body-secondary">
        {form === "json"
          ? "Without its inputs, which are in a file of their own. The other forms run the same inputs once more."
          : "It runs the same inputs once more, as a job of its own."}
      </Box>
    </SpaceBetween>
  );
}
