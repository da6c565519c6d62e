/** Properties of jobs that several screens show. */

import type { Job, JobStatus } from "@/lib/api/types";

const ACTIVE: Record<JobStatus, boolean> = {
  PENDING: true,
  ENQUEUED: true,
  RUNNING: true,
  COMPLETED: false,
  FAILED: false,
  CANCELLED: false,
};

/** Whether the job has not ended. */
export const isOpenJob = ({ status }: Pick<Job, "status">): boolean => ACTIVE[status];

export const jobTitle = (job: Pick<Job, "id" | "name">): string => job.name || job.id;

export const jobHref = (id: string): string => `/jobs/${id}`;

export const unfinishedTasks = ({ counts }: Pick<Job, "counts">): number =>
  counts.pending + counts.running + counts.retrying;
