/** Dead letters, grouped by job and cause. */

import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import { useRefetchInterval } from "@/lib/query";

const PAGE_SIZE = 50;

const deadLettersQuery = (api: Api, nextToken: string | null) =>
  queryOptions({
    queryKey: ["dead-letters", nextToken],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/dead-letters", {
          signal,
          params: { query: { limit: PAGE_SIZE, ...(nextToken ? { next_token: nextToken } : {}) } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** A page of groups of dead letters. */
export const useDeadLetters = (nextToken: string | null) =>
  useQuery({ ...deadLettersQuery(useApi(), nextToken), refetchInterval: useRefetchInterval() });
