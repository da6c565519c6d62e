/** Tasks that have ended, up to a fixed number of requests. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { Task, TaskPage } from "@/lib/api/types";
import { useRefetchInterval } from "@/lib/query";

const PAGE_SIZE = 1_000;
const MAX_PAGES = 5;

export interface EndedTasks {
  items: Task[];
  /** Whether `items` has all tasks that have ended. */
  complete: boolean;
}

const endedTasksQuery = (api: Api, jobId: string) =>
  queryOptions({
    queryKey: ["job", jobId, "ended"],
    staleTime: 5_000,
    queryFn: async ({ signal }): Promise<EndedTasks> => {
      const items: Task[] = [];
      let nextToken: string | null = null;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const found: TaskPage = await unwrap(
          api.GET("/api/v1/jobs/{job_id}/tasks", {
            signal,
            params: {
              path: { job_id: jobId },
              query: {
                limit: PAGE_SIZE,
                status: ["COMPLETED", "FAILED"],
                ...(nextToken ? { next_token: nextToken } : {}),
              },
            },
          }),
        );
        items.push(...found.items);
        nextToken = found.next_token ?? null;
        if (!nextToken) break;
      }
      return { items, complete: nextToken === null };
    },
  });

/** The tasks of a job that have ended. `poll` is true while more tasks can end. */
export function useEndedTasks(jobId: string, { poll }: { poll: boolean }) {
  const interval = useRefetchInterval();
  return useQuery({ ...endedTasksQuery(useApi(), jobId), refetchInterval: poll && interval });
}
