/** Tasks without a result, in words. Pure. */

import type { Counts, Missing, MissingWhy } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";

const WORDS: Record<MissingWhy, string> = {
  PENDING: "pending",
  RUNNING: "running",
  RETRYING: "retrying",
  FAILED: "failed",
  CANCELLED: "cancelled",
  EXPIRED: "whose result is not kept any more",
};

/** In the order in which they are worth knowing. */
const ORDER = ["failed", "cancelled", "retrying", "running", "pending"] as const;

/** How many have none and why: "71 failed, 3 cancelled"; empty where all completed. */
export const describeMissing = (counts: Counts): string =>
  ORDER.filter((each) => counts[each] > 0)
    .map((each) => `${formatNumber(counts[each])} ${each}`)
    .join(", ");

export interface MissingGroup {
  why: MissingWhy;
  words: string;
  count: number;
  runs: { first: number; words: string }[];
  /** Runs that are left out. */
  more: number;
}

/** The runs of a page by why, so many of each at most. */
export function groupMissing(missing: Missing[], most: number): MissingGroup[] {
  const groups = new Map<MissingWhy, Missing[]>();
  for (const run of missing) groups.set(run.why, [...(groups.get(run.why) ?? []), run]);
  return [...groups].map(([why, runs]) => ({
    why,
    words: WORDS[why],
    count: runs.reduce((sum, each) => sum + each.count, 0),
    runs: runs.slice(0, most).map(({ first, last }) => ({
      first,
      words: first === last ? formatNumber(first) : `${formatNumber(first)}–${formatNumber(last)}`,
    })),
    more: Math.max(0, runs.length - most),
  }));
}
