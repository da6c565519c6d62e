/** What workers offer. */

import { queryOptions } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import type { TaskType } from "@/lib/api/types";

export const taskTypesQuery = (api: Api) =>
  queryOptions({
    queryKey: ["task-types"],
    queryFn: async ({ signal }): Promise<TaskType[]> => (await unwrap(api.GET("/api/v1/task-types", { signal }))).items,
  });
