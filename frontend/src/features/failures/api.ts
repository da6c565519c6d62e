/** The failed tasks of a job, grouped by cause. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { Cause, Failures } from "@/lib/api/types";
import { useRefetchInterval } from "@/lib/query";

const failuresQuery = (api: Api, jobId: string) =>
  queryOptions({
    queryKey: ["job", jobId, "failures"],
    queryFn: async ({ signal }): Promise<Failures> => {
      let nextToken: string | null = null;
      let merged: Failures | null = null;
      do {
        const page: Failures = await unwrap(
          api.GET("/api/v1/jobs/{job_id}/failures", {
            signal,
            params: { path: { job_id: jobId }, query: nextToken ? { next_token: nextToken } : {} },
          }),
        );
        merged = merged ? mergePages(merged, page) : page;
        nextToken = page.next_token ?? null;
      } while (nextToken);
      return merged;
    },
  });

/** A page counts only its own tasks, so the counts of a cause are added up over all pages. */
function mergePages(first: Failures, second: Failures): Failures {
  const causes = new Map<string, Cause>(first.items.map((each) => [each.cause, each]));
  for (const cause of second.items) {
    const known = causes.get(cause.cause);
    causes.set(cause.cause, known ? mergeCauses(known, cause) : cause);
  }
  return {
    items: [...causes.values()].sort((a, b) => b.count - a.count),
    failed: second.failed,
    counted: first.counted + second.counted,
    next_token: second.next_token ?? null,
  };
}

const mergeCauses = (first: Cause, second: Cause): Cause => ({
  ...first,
  count: first.count + second.count,
  discarded: first.discarded + second.discarded,
  discard: second.discard ?? first.discard,
});

/** The causes of a job's failures, the most frequent first. `poll` is true while tasks can still fail. */
export function useFailures(
  jobId: string,
  { enabled = true, poll = false }: { enabled?: boolean; poll?: boolean } = {},
) {
  const interval = useRefetchInterval();
  return useQuery({ ...failuresQuery(useApi(), jobId), enabled, refetchInterval: poll && interval });
}

const MAX_MESSAGE_LENGTH = 120;

/** The error type with its message, short enough for a sentence. Several causes can have the same error type. */
export function describeCause({ error_type: type, message }: Pick<Cause, "error_type" | "message">): string {
  if (!message) return type;
  return `${type} (${message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message})`;
}
