/** The audit trail: the events of one job or of the whole tenant. */

import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import { useRefetchInterval } from "@/lib/query";

const PAGE_SIZE = 50;

const eventsQuery = (api: Api, jobId: string | null, nextToken: string | null) =>
  queryOptions({
    queryKey: jobId ? ["job", jobId, "events", nextToken] : ["events", nextToken],
    queryFn: ({ signal }) => {
      const query = { limit: PAGE_SIZE, ...(nextToken ? { next_token: nextToken } : {}) };
      return jobId
        ? unwrap(api.GET("/api/v1/jobs/{job_id}/events", { signal, params: { path: { job_id: jobId }, query } }))
        : unwrap(api.GET("/api/v1/events", { signal, params: { query } }));
    },
    placeholderData: keepPreviousData,
  });

/** A page of events, newest first. */
export const useEvents = (jobId: string | null, nextToken: string | null) =>
  useQuery({ ...eventsQuery(useApi(), jobId, nextToken), refetchInterval: useRefetchInterval() });
