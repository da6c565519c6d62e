/** Results of a job: a page of them, or all as a file that the API writes. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Api, body } from "@/lib/api/client";
import type { Export, ResultPage } from "@/lib/api/types";
import { kept } from "@/lib/store";

export interface ResultsAsked {
  job: string;
  limit: number;
  after: string | null;
}

export const resultsQuery = (api: Api, asked: ResultsAsked) =>
  queryOptions({
    queryKey: ["job", asked.job, "results", asked],
    queryFn: async ({ signal }): Promise<ResultPage> => {
      const found = await body(
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
export const exportsBegun = kept<Record<string, string>>("shoal.exports", {}, () => sessionStorage);

export const beginExport = (api: Api, job: string, key: string): Promise<Export> =>
  body(
    api.POST("/api/v1/jobs/{job_id}/exports", {
      params: { path: { job_id: job }, header: { "idempotency-key": key } },
    }),
  );

export const exportQuery = (api: Api, job: string, id: string) =>
  queryOptions({
    queryKey: ["export", job, id],
    queryFn: ({ signal }): Promise<Export> =>
      body(
        api.GET("/api/v1/jobs/{job_id}/exports/{export_id}", {
          signal,
          params: { path: { job_id: job, export_id: id } },
        }),
      ),
  });
