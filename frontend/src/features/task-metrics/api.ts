/** Tasks that ended, as far as a few requests reach. */

import { queryOptions } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import type { Task, TaskPage } from "@/lib/api/types";

const PAGE = 1_000;
const PAGES = 5;

export interface EndedTasks {
  items: Task[];
  /** Whether there are no more. */
  whole: boolean;
}

export const endedTasksQuery = (api: Api, job: string) =>
  queryOptions({
    queryKey: ["job", job, "ended"],
    staleTime: 5_000,
    queryFn: async ({ signal }): Promise<EndedTasks> => {
      const items: Task[] = [];
      let after: string | null = null;
      for (let page = 0; page < PAGES; page += 1) {
        const found: TaskPage = await unwrap(
          api.GET("/api/v1/jobs/{job_id}/tasks", {
            signal,
            params: {
              path: { job_id: job },
              query: { limit: PAGE, status: ["COMPLETED", "FAILED"], ...(after ? { next_token: after } : {}) },
            },
          }),
        );
        items.push(...found.items);
        after = found.next_token ?? null;
        if (!after) break;
      }
      return { items, whole: after === null };
    },
  });
