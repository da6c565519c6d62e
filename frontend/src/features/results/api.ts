/** Results of a job. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Api, body } from "@/lib/api/client";
import type { ResultPage } from "@/lib/api/types";

const MOST = 1000;

export interface ResultsAsked {
  job: string;
  limit: number;
  after: string | null;
}

async function page(api: Api, asked: ResultsAsked, signal: AbortSignal | null = null): Promise<ResultPage> {
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
}

export const resultsQuery = (api: Api, asked: ResultsAsked) =>
  queryOptions({
    queryKey: ["job", asked.job, "results", asked],
    queryFn: ({ signal }) => page(api, asked, signal),
    placeholderData: keepPreviousData,
  });

/** All results as lines of JSON, in parts of a page each. */
export async function allResults(api: Api, job: string, told: (count: number) => void): Promise<string[]> {
  const parts: string[] = [];
  let count = 0;
  let after: string | null = null;
  do {
    const found: ResultPage = await page(api, { job, limit: MOST, after });
    parts.push(found.items.map((each) => `${JSON.stringify(each)}\n`).join(""));
    count += found.items.length;
    told(count);
    after = found.next_token ?? null;
  } while (after);
  return parts;
}
