/** Tasks, their attempts and their artifacts. */

import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { AttemptPage, Task, TaskPage, TaskStatus } from "@/lib/api/types";
import { useRefetchInterval } from "@/lib/query";
import { isActiveTask } from "@/lib/task";

const PAGE_SIZE = 50;

export interface TasksRequest {
  jobId: string;
  statuses: TaskStatus[];
  nextToken: string | null;
}

const tasksQuery = (api: Api, request: TasksRequest) =>
  queryOptions({
    queryKey: ["job", request.jobId, "tasks", request],
    queryFn: ({ signal }): Promise<TaskPage> =>
      unwrap(
        api.GET("/api/v1/jobs/{job_id}/tasks", {
          signal,
          params: {
            path: { job_id: request.jobId },
            query: {
              limit: PAGE_SIZE,
              ...(request.statuses.length ? { status: request.statuses } : {}),
              ...(request.nextToken ? { next_token: request.nextToken } : {}),
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
  });

const taskQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["task", id],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/tasks/{task_id}", { signal, params: { path: { task_id: id } } })),
  });

const taskReasonsQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["task", id, "why"],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/tasks/{task_id}/why", { signal, params: { path: { task_id: id } } })),
  });

const taskArtifactsQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["task", id, "artifacts"],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/tasks/{task_id}/artifacts", { signal, params: { path: { task_id: id } } })),
  });

export const ATTEMPTS_PAGE_SIZE = 20;

/**
 * Pages start with the latest attempts; within a page, the oldest attempt comes first.
 * The key contains the state of the task, because a task that changed has other attempts.
 */
const attemptsQuery = (api: Api, task: Pick<Task, "id" | "status" | "attempts">) =>
  infiniteQueryOptions({
    queryKey: ["task", task.id, "attempts", task.status, task.attempts],
    queryFn: ({ signal, pageParam }): Promise<AttemptPage> =>
      unwrap(
        api.GET("/api/v1/tasks/{task_id}/attempts", {
          signal,
          params: {
            path: { task_id: task.id },
            query: { limit: ATTEMPTS_PAGE_SIZE, ...(pageParam ? { next_token: pageParam } : {}) },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_token,
    placeholderData: (previous, query) => (query?.queryKey[1] === task.id ? previous : undefined),
  });

/** A page of a job's tasks. `poll` is true while tasks can still change. */
export function useTasks(request: TasksRequest, { poll }: { poll: boolean }) {
  const interval = useRefetchInterval();
  return useQuery({ ...tasksQuery(useApi(), request), refetchInterval: poll && interval });
}

/** A task, polled until it ends. */
export function useTask(id: string) {
  const interval = useRefetchInterval();
  return useQuery({
    ...taskQuery(useApi(), id),
    refetchInterval: ({ state }) => (!state.data || isActiveTask(state.data)) && interval,
  });
}

/** The reasons why a task waits. */
export const useTaskReasons = (id: string) =>
  useQuery({ ...taskReasonsQuery(useApi(), id), refetchInterval: useRefetchInterval() });

export const useTaskArtifacts = (id: string) => useQuery(taskArtifactsQuery(useApi(), id));

/** The attempts of a task, polled until the task ends. */
export function useAttempts(task: Task) {
  const interval = useRefetchInterval();
  return useInfiniteQuery({ ...attemptsQuery(useApi(), task), refetchInterval: isActiveTask(task) && interval });
}
