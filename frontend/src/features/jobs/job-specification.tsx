/** The specification of a job, and code that runs the same inputs again. */

import Box from "@cloudscape-design/components/box";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { CodeBlock } from "@/components/code-block";
import { renderClone, renderSubmission, SNIPPET_FORMATS, type SnippetFormat } from "@/components/code-snippets";
import { usePlatform } from "@/lib/api/context";
import type { Job, JobSubmission } from "@/lib/api/types";

/** The submission of a job, without its inputs, which a job does not contain. */
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
  const [format, setFormat] = useState<SnippetFormat>("json");
  const text =
    format === "json"
      ? renderSubmission(format, specificationOf(job), config.api)
      : renderClone(format, job.id, config.api);
  return (
    <SpaceBetween size="m">
      <SegmentedControl
        label="Format"
        selectedId={format}
        options={SNIPPET_FORMATS}
        onChange={({ detail }) => setFormat(detail.selectedId as SnippetFormat)}
      />
      <CodeBlock text={text} label="specification" />
      <Box variant="small" color="text-body-secondary">
        {format === "json"
          ? "This specification does not contain the inputs. To run the same inputs again, choose another format, which clones the job."
          : "Clones the job: submits a new job with the same inputs."}
      </Box>
    </SpaceBetween>
  );
}
