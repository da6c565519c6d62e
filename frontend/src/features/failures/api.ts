/** Failures of a job by cause. */

import { queryOptions } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import type { Cause, Failures } from "@/lib/api/types";

export const failuresQuery = (api: Api, job: string) =>
  queryOptions({
    queryKey: ["job", job, "failures"],
    queryFn: async ({ signal }): Promise<Failures> => {
      let after: string | null = null;
      let sum: Failures | null = null;
      do {
        const page: Failures = await unwrap(
          api.GET("/api/v1/jobs/{job_id}/failures", {
            signal,
            params: { path: { job_id: job }, query: after ? { next_token: after } : {} },
          }),
        );
        sum = sum ? mergeFailures(sum, page) : page;
        after = page.next_token ?? null;
      } while (after);
      return sum;
    },
  });

const summed = (one: Cause, other: Cause): Pick<Cause, "count" | "discarded" | "discard"> => ({
  count: one.count + other.count,
  discarded: one.discarded + other.discarded,
  discard: other.discard ?? one.discard,
});

const WORDS = 120;

/** What went wrong, short enough for a sentence; several causes may have the same type of error. */
export function describeCause({ error_type: type, message }: Pick<Cause, "error_type" | "message">): string {
  if (!message) return type;
  return `${type} (${message.length > WORDS ? `${message.slice(0, WORDS)}…` : message})`;
}

/** One page counts only its own tasks, so causes of several are added up. */
function mergeFailures(one: Failures, other: Failures): Failures {
  const causes = new Map<string, Cause>(one.items.map((each) => [each.cause, each]));
  for (const each of other.items) {
    const before = causes.get(each.cause);
    causes.set(each.cause, before ? { ...before, ...summed(before, each) } : each);
  }
  return {
    items: [...causes.values()].sort((a, b) => b.count - a.count),
    failed: other.failed,
    counted: one.counted + other.counted,
    next_token: other.next_token ?? null,
  };
}
