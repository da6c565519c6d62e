/** Describes tasks without a result. Pure. */

import type { Counts, Missing, MissingWhy } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";

const REASON_LABELS: Record<MissingWhy, string> = {
  PENDING: "pending",
  RUNNING: "running",
  RETRYING: "retrying",
  FAILED: "failed",
  CANCELLED: "cancelled",
  EXPIRED: "with an expired result",
};

/** The most important status first. */
const STATUSES = ["failed", "cancelled", "retrying", "running", "pending"] as const;

/** The number of tasks without a result by status, such as "71 failed, 3 cancelled". Empty if all tasks completed. */
export const describeMissing = (counts: Counts): string =>
  STATUSES.filter((each) => counts[each] > 0)
    .map((each) => `${formatNumber(counts[each])} ${each}`)
    .join(", ");

export interface MissingGroup {
  reason: MissingWhy;
  label: string;
  count: number;
  ranges: { first: number; label: string }[];
  /** The number of ranges that are not shown. */
  hidden: number;
}

/** Groups the ranges of a page by reason. Each group shows at most `maxRanges` ranges. */
export function groupMissing(missing: Missing[], maxRanges: number): MissingGroup[] {
  const groups = new Map<MissingWhy, Missing[]>();
  for (const range of missing) groups.set(range.why, [...(groups.get(range.why) ?? []), range]);
  return [...groups].map(([reason, ranges]) => ({
    reason,
    label: REASON_LABELS[reason],
    count: ranges.reduce((sum, each) => sum + each.count, 0),
    ranges: ranges.slice(0, maxRanges).map(({ first, last }) => ({
      first,
      label: first === last ? formatNumber(first) : `${formatNumber(first)}–${formatNumber(last)}`,
    })),
    hidden: Math.max(0, ranges.length - maxRanges),
  }));
}
