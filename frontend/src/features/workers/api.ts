/** Workers and queues. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import { useRefetchInterval } from "@/lib/query";

const MAX_WORKERS = 100;

const workersQuery = (api: Api) =>
  queryOptions({
    queryKey: ["workers"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/workers", { signal, params: { query: { limit: MAX_WORKERS } } })),
  });

const queuesQuery = (api: Api) =>
  queryOptions({
    queryKey: ["queues"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/queues", { signal })),
  });

export const useWorkers = () => useQuery({ ...workersQuery(useApi()), refetchInterval: useRefetchInterval() });

export const useQueues = () => useQuery({ ...queuesQuery(useApi()), refetchInterval: useRefetchInterval() });
