/** What the table of jobs shows of each. */

import Box from "@cloudscape-design/components/box";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { CountsBar } from "@/components/counts-bar";
import { JobStatusMark, jobLook } from "@/components/status";
import { Time } from "@/components/time";
import type { Job } from "@/lib/api/types";
import { duration, number } from "@/lib/format";
import { titleOf } from "./api";

export const jobHref = (id: string): string => `/jobs/${id}`;

function seconds(job: Job, now = Date.now()): number | null {
  if (!job.started_at) return null;
  return ((job.finished_at ? Date.parse(job.finished_at) : now) - Date.parse(job.started_at)) / 1000;
}

export const Took = ({ job }: { job: Job }) => {
  const found = seconds(job);
  return <span className="nowrap">{found === null ? "–" : duration(found)}</span>;
};

export const Tags = ({ tags }: { tags: Job["tags"] }) => {
  const all = Object.entries(tags);
  if (!all.length) return <>–</>;
  return <span className="break">{all.map(([key, value]) => `${key}=${value}`).join(", ")}</span>;
};

export const JobLink = ({ job }: { job: Job }) => (
  <>
    <Link href={jobHref(job.id)}>{titleOf(job)}</Link>
    {job.name && (
      <Box variant="small" color="text-body-secondary" display="block">
        <span className="mono">{job.id}</span>
      </Box>
    )}
  </>
);

const Size = ({ job }: { job: Job }) => (
  <>
    {job.task_count === null ? "–" : number(job.task_count)}
    {job.counts.failed > 0 && (
      <Box variant="small" color="text-status-error" display="block">
        {number(job.counts.failed)} failed
      </Box>
    )}
  </>
);

const size = (job: Job): number => job.task_count ?? 0;
const share = (job: Job): number =>
  (job.counts.completed + job.counts.failed + job.counts.cancelled) / Math.max(size(job), 1);

export const COLUMNS: TableProps.ColumnDefinition<Job>[] = [
  {
    id: "name",
    header: "Job",
    isRowHeader: true,
    minWidth: 200,
    width: 246,
    cell: (job) => <JobLink job={job} />,
    sortingComparator: (a, b) => titleOf(a).localeCompare(titleOf(b)),
  },
  {
    id: "status",
    header: "Status",
    minWidth: 130,
    width: 140,
    cell: (job) => <JobStatusMark job={job} />,
    sortingComparator: (a, b) => jobLook(a).word.localeCompare(jobLook(b).word),
  },
  {
    id: "progress",
    header: "Progress",
    minWidth: 130,
    width: 142,
    cell: (job) => <CountsBar slim counts={job.counts} total={job.task_count} />,
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
    cell: (job) => number(job.counts.failed),
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
    cell: (job) => <Time at={job.created_at} brief />,
    sortingField: "created_at",
  },
  {
    id: "took",
    header: "Duration",
    minWidth: 110,
    width: 126,
    cell: (job) => <Took job={job} />,
    sortingComparator: (a, b) => (seconds(a) ?? -1) - (seconds(b) ?? -1),
  },
  {
    id: "priority",
    header: "Priority",
    minWidth: 90,
    width: 100,
    cell: (job) => job.priority,
    sortingField: "priority",
  },
  { id: "tags", header: "Tags", minWidth: 120, width: 180, cell: (job) => <Tags tags={job.tags} /> },
];

export const SHOWN_AT_FIRST = ["name", "status", "progress", "tasks", "type", "created", "took"];
