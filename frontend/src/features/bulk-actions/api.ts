/** Bulk actions: one action on all jobs that match a filter, run in the background by the API. */

import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { BulkAction, BulkFilter, BulkRequest, BulkVerb } from "@/lib/api/types";
import { notify, notifyProblem } from "@/lib/notifications";
import { useRefetchInterval } from "@/lib/query";

const PAGE_SIZE = 50;
const PROGRESS_INTERVAL = 1_000;

const bulkActionsQuery = (api: Api, nextToken: string | null) =>
  queryOptions({
    queryKey: ["bulk-actions", nextToken],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/bulk-actions", {
          signal,
          params: { query: { limit: PAGE_SIZE, ...(nextToken ? { next_token: nextToken } : {}) } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

const bulkActionQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["bulk-action", id],
    queryFn: ({ signal }): Promise<BulkAction> =>
      unwrap(api.GET("/api/v1/bulk-actions/{bulk_action_id}", { signal, params: { path: { bulk_action_id: id } } })),
  });

/** A page of bulk actions, newest first. */
export const useBulkActions = (nextToken: string | null) =>
  useQuery({ ...bulkActionsQuery(useApi(), nextToken), refetchInterval: useRefetchInterval() });

/** A bulk action, polled until it ends. Fetches nothing without an ID. */
export const useBulkAction = (id: string | undefined) =>
  useQuery({
    ...bulkActionQuery(useApi(), id ?? ""),
    enabled: id !== undefined,
    refetchInterval: ({ state }) => (state.data && state.data.status !== "RUNNING" ? false : PROGRESS_INTERVAL),
  });

export interface NewBulkAction {
  action: BulkVerb;
  filter: BulkFilter;
  dryRun: boolean;
  /** The idempotency key: repeating a request with the same key starts no second action. */
  key: string;
}

export function useStartBulkAction() {
  const api = useApi();
  return useMutation({
    mutationFn: ({ action, filter, dryRun, key }: NewBulkAction): Promise<BulkAction> =>
      unwrap(
        api.POST("/api/v1/bulk-actions", {
          params: { header: { "idempotency-key": key } },
          body: { action, filter: filter as BulkRequest["filter"], dry_run: dryRun },
        }),
      ),
  });
}

/** Stops a bulk action before its next page of jobs. Jobs that it already processed are not reverted. */
export function useAbortBulkAction() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.POST("/api/v1/bulk-actions/{bulk_action_id}/abort", { params: { path: { bulk_action_id: id } } })),
    onSuccess: () => notify({ type: "success", header: "Stopping the bulk action" }),
    onError: (error) => notifyProblem("Could not abort the bulk action", error),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["bulk-action"] }),
        queries.invalidateQueries({ queryKey: ["bulk-actions"] }),
      ]),
  });
}
