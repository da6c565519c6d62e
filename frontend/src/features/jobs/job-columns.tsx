/** What the table of jobs shows of each. */

import Box from "@cloudscape-design/components/box";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { TaskCountsBar } from "@/components/task-counts-bar";
import { JobStatusIndicator, jobStatusStyle } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import type { Job } from "@/lib/api/types";
import { formatDuration, formatNumber } from "@/lib/format";
import { jobTitle } from "./api";

export const jobHref = (id: string): string => `/jobs/${id}`;

function durationInSeconds(job: Job, now = Date.now()): number | null {
  if (!job.started_at) return null;
  return ((job.finished_at ? Date.parse(job.finished_at) : now) - Date.parse(job.started_at)) / 1000;
}

export const JobDuration = ({ job }: { job: Job }) => {
  const found = durationInSeconds(job);
  return <span className="nowrap">{found === null ? "–" : formatDuration(found)}</span>;
};

export const TagList = ({ tags }: { tags: Job["tags"] }) => {
  const all = Object.entries(tags);
  if (!all.length) return <>–</>;
  return <span className="break">{all.map(([key, value]) => `${key}=${value}`).join(", ")}</span>;
};

export const JobLink = ({ job }: { job: Job }) => (
  <>
    <Link href={jobHref(job.id)}>{jobTitle(job)}</Link>
    {job.name && (
      <Box variant="small" color="text-body-secondary" display="block">
        <span className="mono">{job.id}</span>
      </Box>
    )}
  </>
);

const Size = ({ job }: { job: Job }) => (
  <>
    {job.task_count === null ? "–" : formatNumber(job.task_count)}
    {job.counts.failed > 0 && (
      <Box variant="small" color="text-status-error" display="block">
        {formatNumber(job.counts.failed)} failed
      </Box>
    )}
  </>
);

const size = (job: Job): number => job.task_count ?? 0;
const share = (job: Job): number =>
  (job.counts.completed + job.counts.failed + job.counts.cancelled) / Math.max(size(job), 1);

export const JOB_COLUMNS: TableProps.ColumnDefinition<Job>[] = [
  {
    id: "name",
    header: "Job",
    isRowHeader: true,
    minWidth: 200,
    width: 246,
    cell: (job) => <JobLink job={job} />,
    sortingComparator: (a, b) => jobTitle(a).localeCompare(jobTitle(b)),
  },
  {
    id: "status",
    header: "Status",
    minWidth: 130,
    width: 140,
    cell: (job) => <JobStatusIndicator job={job} />,
    sortingComparator: (a, b) => jobStatusStyle(a).label.localeCompare(jobStatusStyle(b).label),
  },
  {
    id: "progress",
    header: "Progress",
    minWidth: 130,
    width: 142,
    cell: (job) => <TaskCountsBar slim counts={job.counts} total={job.task_count} />,
    sortingComparator: (a, b) => share(a) - share(b),
  },
  {
    id: "tasks",
    header: "Tasks",
    minWidth: 100,
    width: 120,
    cell: (job) => <Size job={job} />,
    sortingComparator: (a, b) => size(a) - size(b),
  },
  {
    id: "failed",
    header: "Failed",
    minWidth: 100,
    width: 110,
    cell: (job) => formatNumber(job.counts.failed),
    sortingComparator: (a, b) => a.counts.failed - b.counts.failed,
  },
  {
    id: "type",
    header: "Task type",
    minWidth: 110,
    width: 128,
    cell: (job) => job.task_type,
    sortingField: "task_type",
  },
  {
    id: "created",
    header: "Created",
    minWidth: 150,
    width: 168,
    cell: (job) => <Timestamp at={job.created_at} short />,
    sortingField: "created_at",
  },
  {
    id: "took",
    header: "Duration",
    minWidth: 110,
    width: 126,
    cell: (job) => <JobDuration job={job} />,
    sortingComparator: (a, b) => (durationInSeconds(a) ?? -1) - (durationInSeconds(b) ?? -1),
  },
  {
    id: "priority",
    header: "Priority",
    minWidth: 90,
    width: 100,
    cell: (job) => job.priority,
    sortingField: "priority",
  },
  { id: "tags", header: "Tags", minWidth: 120, width: 180, cell: (job) => <TagList tags={job.tags} /> },
];

export const DEFAULT_COLUMNS = ["name", "status", "progress", "tasks", "type", "created", "took"];
