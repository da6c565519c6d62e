/** Tasks: what is asked of the API, and under which key it is kept. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Api, body } from "@/lib/api/client";
import type { TaskPage, TaskStatus } from "@/lib/api/types";

export interface TasksAsked {
  job: string;
  statuses: TaskStatus[];
  limit: number;
  after: string | null;
}

export const tasksQuery = (api: Api, asked: TasksAsked) =>
  queryOptions({
    queryKey: ["job", asked.job, "tasks", asked],
    queryFn: ({ signal }): Promise<TaskPage> =>
      body(
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
    queryFn: ({ signal }) => body(api.GET("/api/v1/tasks/{task_id}", { signal, params: { path: { task_id: id } } })),
  });

export const taskWhyQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["task", id, "why"],
    queryFn: ({ signal }) =>
      body(api.GET("/api/v1/tasks/{task_id}/why", { signal, params: { path: { task_id: id } } })),
  });

export const taskArtifactsQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["task", id, "artifacts"],
    queryFn: ({ signal }) =>
      body(api.GET("/api/v1/tasks/{task_id}/artifacts", { signal, params: { path: { task_id: id } } })),
  });

export const taskIdOf = (job: string, index: number): string => `${job}.${index}`;
