/** The columns of the jobs table. */

import Box from "@cloudscape-design/components/box";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { PRIORITY_LABELS } from "@/components/priority-labels";
import { JobStatusIndicator, jobStatusStyle } from "@/components/status-indicators";
import { TaskCountsBar } from "@/components/task-counts-bar";
import { Timestamp } from "@/components/timestamp";
import type { Job } from "@/lib/api/types";
import { formatDuration, formatNumber } from "@/lib/format";
import { jobHref, jobTitle } from "@/lib/job";

function durationInSeconds(job: Job): number | null {
  if (!job.started_at) return null;
  return ((job.finished_at ? Date.parse(job.finished_at) : Date.now()) - Date.parse(job.started_at)) / 1000;
}

export const JobDuration = ({ job }: { job: Job }) => {
  const seconds = durationInSeconds(job);
  return <span className="nowrap">{seconds === null ? "–" : formatDuration(seconds)}</span>;
};

export const TagList = ({ tags }: { tags: Job["tags"] }) => {
  const pairs = Object.entries(tags);
  if (!pairs.length) return <>–</>;
  return <span className="break">{pairs.map(([key, value]) => `${key}=${value}`).join(", ")}</span>;
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

const TaskCount = ({ job }: { job: Job }) => (
  <>
    {job.task_count === null ? "–" : formatNumber(job.task_count)}
    {job.counts.failed > 0 && (
      <Box variant="small" color="text-status-error" display="block">
        {formatNumber(job.counts.failed)} failed
      </Box>
    )}
  </>
);

const taskCount = (job: Job): number => job.task_count ?? 0;
const endedShare = (job: Job): number =>
  (job.counts.completed + job.counts.failed + job.counts.cancelled) / Math.max(taskCount(job), 1);

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
    sortingComparator: (a, b) => endedShare(a) - endedShare(b),
  },
  {
    id: "tasks",
    header: "Tasks",
    minWidth: 100,
    width: 120,
    cell: (job) => <TaskCount job={job} />,
    sortingComparator: (a, b) => taskCount(a) - taskCount(b),
  },
  {
    id: "failed",
    header: "Failed tasks",
    minWidth: 100,
    width: 130,
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
    cell: (job) => PRIORITY_LABELS[job.priority],
    sortingField: "priority",
  },
  { id: "tags", header: "Tags", minWidth: 120, width: 180, cell: (job) => <TagList tags={job.tags} /> },
];

export const DEFAULT_COLUMNS = ["name", "status", "progress", "tasks", "type", "created", "took"];
