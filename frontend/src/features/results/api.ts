/** Results of a job: a page of them, or all as a file that the API writes. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import type { Export, ResultPage } from "@/lib/api/types";
import { persistedStore } from "@/lib/store";

export interface ResultsRequest {
  job: string;
  limit: number;
  after: string | null;
}

export const resultsQuery = (api: Api, asked: ResultsRequest) =>
  queryOptions({
    queryKey: ["job", asked.job, "results", asked],
    queryFn: async ({ signal }): Promise<ResultPage> => {
      const found = await unwrap(
        api.GET("/api/v1/jobs/{job_id}/results", {
          signal,
          params: {
            path: { job_id: asked.job },
            query: { limit: asked.limit, ...(asked.after ? { next_token: asked.after } : {}) },
          },
        }),
      );
      return found as ResultPage; // JSON, since lines were not asked for
    },
    placeholderData: keepPreviousData,
  });

/** The export that was begun last of each job, in this tab. */
export const startedExports = persistedStore<Record<string, string>>("shoal.exports", {}, () => sessionStorage);

export const startExport = (api: Api, job: string, key: string): Promise<Export> =>
  unwrap(
    api.POST("/api/v1/jobs/{job_id}/exports", {
      params: { path: { job_id: job }, header: { "idempotency-key": key } },
    }),
  );

export const exportQuery = (api: Api, job: string, id: string) =>
  queryOptions({
    queryKey: ["export", job, id],
    queryFn: ({ signal }): Promise<Export> =>
      unwrap(
        api.GET("/api/v1/jobs/{job_id}/exports/{export_id}", {
          signal,
          params: { path: { job_id: job, export_id: id } },
        }),
      ),
  });
