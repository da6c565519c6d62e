/** Tasks: what is asked of the API, and under which key it is kept. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import type { AttemptPage, Task, TaskPage, TaskStatus } from "@/lib/api/types";

export interface TasksRequest {
  job: string;
  statuses: TaskStatus[];
  limit: number;
  after: string | null;
}

export const tasksQuery = (api: Api, asked: TasksRequest) =>
  queryOptions({
    queryKey: ["job", asked.job, "tasks", asked],
    queryFn: ({ signal }): Promise<TaskPage> =>
      unwrap(
        api.GET("/api/v1/jobs/{job_id}/tasks", {
          signal,
          params: {
            path: { job_id: asked.job },
            query: {
              limit: asked.limit,
              ...(asked.statuses.length ? { status: asked.statuses } : {}),
              ...(asked.after ? { next_token: asked.after } : {}),
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const taskQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["task", id],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/tasks/{task_id}", { signal, params: { path: { task_id: id } } })),
  });

export const taskWhyQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["task", id, "why"],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/tasks/{task_id}/why", { signal, params: { path: { task_id: id } } })),
  });

/** Attempts that are asked for at once; older ones when the user wants them. */
export const ATTEMPTS_AT_ONCE = 20;

/** The latest attempts first by page, oldest first within one. A task that moved has others, so its state is in the key. */
export const attemptsQuery = (api: Api, task: Pick<Task, "id" | "status" | "attempts">) =>
  infiniteQueryOptions({
    queryKey: ["task", task.id, "attempts", task.status, task.attempts],
    queryFn: ({ signal, pageParam }): Promise<AttemptPage> =>
      unwrap(
        api.GET("/api/v1/tasks/{task_id}/attempts", {
          signal,
          params: {
            path: { task_id: task.id },
            query: { limit: ATTEMPTS_AT_ONCE, ...(pageParam ? { next_token: pageParam } : {}) },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_token,
    placeholderData: (before, query) => (query?.queryKey[1] === task.id ? before : undefined),
  });

export const taskArtifactsQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["task", id, "artifacts"],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/tasks/{task_id}/artifacts", { signal, params: { path: { task_id: id } } })),
  });

export const taskIdOf = (job: string, index: number): string => `${job}.${index}`;
