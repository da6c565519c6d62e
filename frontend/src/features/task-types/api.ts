/** The task types that workers have registered. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { TaskType } from "@/lib/api/types";

const taskTypesQuery = (api: Api) =>
  queryOptions({
    queryKey: ["task-types"],
    queryFn: async ({ signal }): Promise<TaskType[]> => (await unwrap(api.GET("/api/v1/task-types", { signal }))).items,
  });

export const useTaskTypes = () => useQuery(taskTypesQuery(useApi()));

/** The names of task types, for filters. They can be up to a minute old. */
export const useTaskTypeNames = (): string[] =>
  useQuery({ ...taskTypesQuery(useApi()), staleTime: 60_000 }).data?.map((each) => each.name) ?? [];
