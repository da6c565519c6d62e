/** One act on all jobs of a filter, done by the API: counted first, then followed. */

import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { BulkAction, BulkFilter, BulkRequest, BulkVerb } from "@/lib/api/types";
import { notify, notifyProblem } from "@/lib/notifications";

export const BULK_ACTION_LABELS: Record<BulkVerb, string> = {
  cancel: "Cancel",
  pause: "Pause",
  resume: "Resume",
  retry: "Retry failed",
  delete: "Delete",
};

export const bulkActionsQuery = (api: Api, limit: number, after: string | null) =>
  queryOptions({
    queryKey: ["bulk-actions", limit, after],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/bulk-actions", {
          signal,
          params: { query: { limit, ...(after ? { next_token: after } : {}) } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const bulkActionQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["bulk-action", id],
    queryFn: ({ signal }): Promise<BulkAction> =>
      unwrap(api.GET("/api/v1/bulk-actions/{bulk_action_id}", { signal, params: { path: { bulk_action_id: id } } })),
  });

export interface NewBulkAction {
  action: BulkVerb;
  filter: BulkFilter;
  dryRun: boolean;
  /** The same key begins the same action, however often it is sent. */
  key: string;
}

export function startBulkAction(api: Api, { action, filter, dryRun, key }: NewBulkAction): Promise<BulkAction> {
  return unwrap(
    api.POST("/api/v1/bulk-actions", {
      params: { header: { "idempotency-key": key } },
      body: { action, filter: filter as BulkRequest["filter"], dry_run: dryRun },
    }),
  );
}

/** Lets it stop before its next jobs; what it did stays done. */
export function useAbortBulkAction() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.POST("/api/v1/bulk-actions/{bulk_action_id}/abort", { params: { path: { bulk_action_id: id } } })),
    onSuccess: () => notify({ type: "success", header: "The bulk action stops before its next jobs" }),
    onError: (error) => notifyProblem("Abort the bulk action", error),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["bulk-action"] }),
        queries.invalidateQueries({ queryKey: ["bulk-actions"] }),
      ]),
  });
}
