/** The results of a job: one page at a time, or all of them as a file that the API writes. */

import { keepPreviousData, queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { Export, ResultPage } from "@/lib/api/types";
import { notifyProblem } from "@/lib/notifications";
import { persistedStore, useStore } from "@/lib/store";

const PAGE_SIZE = 50;
const PROGRESS_INTERVAL = 1_500;
/** The download link in a response is valid for 15 minutes. Each response has a new link. */
const LINK_INTERVAL = 10 * 60_000;

const resultsQuery = (api: Api, jobId: string, nextToken: string | null) =>
  queryOptions({
    queryKey: ["job", jobId, "results", nextToken],
    queryFn: async ({ signal }): Promise<ResultPage> => {
      const page = await unwrap(
        api.GET("/api/v1/jobs/{job_id}/results", {
          signal,
          params: {
            path: { job_id: jobId },
            query: { limit: PAGE_SIZE, ...(nextToken ? { next_token: nextToken } : {}) },
          },
        }),
      );
      return page as ResultPage; // JSON, because the request does not accept JSON Lines
    },
    placeholderData: keepPreviousData,
  });

/** A page of results. */
export const useResults = (jobId: string, nextToken: string | null) =>
  useQuery(resultsQuery(useApi(), jobId, nextToken));

/** The ID of the latest export of each job that this tab started. */
const startedExports = persistedStore<Record<string, string>>("shoal.exports", {}, () => sessionStorage);

/** The ID of the export that this tab started for a job, and a function that forgets it. */
export function useStartedExport(jobId: string): { exportId: string | undefined; dismiss: () => void } {
  const exportId = useStore(startedExports)[jobId];
  const dismiss = (): void => {
    const { [jobId]: _dismissed, ...others } = startedExports.get();
    startedExports.set(others);
  };
  return { exportId, dismiss };
}

export function useStartExport(jobId: string) {
  const api = useApi();
  return useMutation({
    mutationFn: (): Promise<Export> =>
      unwrap(
        api.POST("/api/v1/jobs/{job_id}/exports", {
          params: { path: { job_id: jobId }, header: { "idempotency-key": crypto.randomUUID() } },
        }),
      ),
    onSuccess: ({ id }) => startedExports.set({ ...startedExports.get(), [jobId]: id }),
    onError: (error) => notifyProblem("Could not export the results", error),
  });
}

const exportQuery = (api: Api, jobId: string, exportId: string) =>
  queryOptions({
    queryKey: ["export", jobId, exportId],
    queryFn: ({ signal }): Promise<Export> =>
      unwrap(
        api.GET("/api/v1/jobs/{job_id}/exports/{export_id}", {
          signal,
          params: { path: { job_id: jobId, export_id: exportId } },
        }),
      ),
  });

/** An export, polled until it ends and then often enough that its download link stays valid. */
export const useExport = (jobId: string, exportId: string) =>
  useQuery({
    ...exportQuery(useApi(), jobId, exportId),
    refetchInterval: ({ state }) => (state.data && state.data.status !== "RUNNING" ? LINK_INTERVAL : PROGRESS_INTERVAL),
  });
