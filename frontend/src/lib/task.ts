/** Task IDs and task statuses. */

import type { Counts, Task, TaskStatus } from "@/lib/api/types";

const ACTIVE: Record<TaskStatus, boolean> = {
  PENDING: true,
  RUNNING: true,
  RETRYING: true,
  COMPLETED: false,
  FAILED: false,
  CANCELLED: false,
};

/** Whether the task has not ended. */
export const isActiveTask = ({ status }: Pick<Task, "status">): boolean => ACTIVE[status];

export const taskId = (jobId: string, index: number): string => `${jobId}.${index}`;

export const taskIndex = (id: string): number => Number(id.slice(id.lastIndexOf(".") + 1));

export const countOf = (counts: Counts, status: TaskStatus): number =>
  counts[status.toLowerCase() as Lowercase<TaskStatus>];
