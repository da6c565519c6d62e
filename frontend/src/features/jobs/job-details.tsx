/** The configuration of a job, its times, and links to its execution and logs. */

import ExpandableSection from "@cloudscape-design/components/expandable-section";
import KeyValuePairs, { type KeyValuePairsProps } from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import { CopyableText } from "@/components/copyable-text";
import { PRIORITY_LABELS } from "@/components/priority-labels";
import { JobStatusIndicator } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import { usePlatform } from "@/lib/api/context";
import type { Job } from "@/lib/api/types";
import { formatDuration, formatNumber, pluralize } from "@/lib/format";
import { fillUrlTemplate } from "./external-links";
import { JobDuration, TagList } from "./job-columns";

export function JobDetails({ job }: { job: Job }) {
  const { config } = usePlatform();
  return (
    <ExpandableSection variant="container" headerText="Details" headerDescription={summarize(job)}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: "Status", value: <JobStatusIndicator job={job} /> },
          { label: "Job ID", value: <CopyableText text={job.id} label="job ID" /> },
          {
            label: "Task type",
            value: <Link href={`/task-types?type=${encodeURIComponent(job.task_type)}`}>{job.task_type}</Link>,
          },
          { label: "Priority", value: PRIORITY_LABELS[job.priority] },
          { label: "Created", value: <Timestamp at={job.created_at} /> },
          { label: "Started", value: <Timestamp at={job.started_at} /> },
          { label: "Finished", value: <Timestamp at={job.finished_at} /> },
          { label: "Duration", value: <JobDuration job={job} /> },
          { label: "Generation", value: formatNumber(job.generation) },
          {
            label: "Max attempts per task",
            value: `${formatNumber(job.retry.max_attempts ?? 1)}${describeBackoff(job)}`,
          },
          { label: "Timeout per attempt", value: job.timeout === null ? "None" : formatDuration(job.timeout) },
          {
            label: "Max parallel chunks",
            value: job.max_parallelism === null ? "No limit" : formatNumber(job.max_parallelism),
          },
          { label: "Deadline", value: <Timestamp at={job.deadline} emptyText="None" /> },
          { label: "Max failed tasks", value: job.max_failed === null ? "Not set" : formatNumber(job.max_failed) },
          { label: "Tags", value: <TagList tags={job.tags} /> },
          ...externalLink("Execution", "Step Functions", fillUrlTemplate(config.executionUrl, job)),
          ...externalLink("Logs", "CloudWatch Logs", fillUrlTemplate(config.logsUrl, job)),
        ]}
      />
    </ExpandableSection>
  );
}

/** The fields that are visible while the section is collapsed. */
const summarize = (job: Job): string =>
  [
    `Task type ${job.task_type}`,
    `${job.priority} priority`,
    `generation ${formatNumber(job.generation)}`,
    `max ${pluralize(job.retry.max_attempts ?? 1, "attempt")}`,
    ...Object.entries(job.tags).map(([key, value]) => `${key}=${value}`),
  ].join(" · ");

function describeBackoff(job: Job): string {
  const { max_attempts: maxAttempts = 1, backoff = 1, factor = 2, max_delay: maxDelay = 300 } = job.retry;
  if (maxAttempts <= 1) return "";
  return `, backoff ${formatDuration(backoff)} × ${factor}, up to ${formatDuration(maxDelay)}`;
}

const externalLink = (label: string, text: string, href: string | null): KeyValuePairsProps.Item[] =>
  href === null
    ? []
    : [
        {
          label,
          value: (
            <Link external href={href}>
              {text}
            </Link>
          ),
        },
      ];
