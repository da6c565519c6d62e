/** Bulk actions in words. Pure. */

import type { BulkAction, BulkFilter, BulkVerb } from "@/lib/api/types";
import { formatNumber, formatPercent, pluralize } from "@/lib/format";

const LABELS: Record<string, string> = {
  status: "status",
  type: "task type",
  name: "name begins with",
  tag: "tag",
  since: "created since",
  until: "created before",
};

/** Which jobs, as the filter says it: "status FAILED or CANCELLED, tag team=ml". */
export function describeFilter(filter: BulkFilter | BulkAction["filter"], moment: (at: string) => string): string {
  return Object.entries(filter)
    .filter(([, value]) => value && value.length > 0)
    .map(([key, value]) => `${LABELS[key] ?? key} ${worded(key, value as string | string[], moment)}`)
    .join(", ");
}

function worded(key: string, value: string | string[], moment: (at: string) => string): string {
  if (typeof value !== "string") return value.join(" or ");
  return key === "since" || key === "until" ? moment(value) : value;
}

/** What its asker filtered by. The API adds that jobs created after the action are none of it. */
export function requestedFilter({
  filter,
  created_at: at,
}: Pick<BulkAction, "filter" | "created_at">): BulkAction["filter"] {
  const { until, ...rest } = filter;
  return until === undefined || until === at ? rest : filter;
}

const EFFECTS: Record<BulkVerb, (jobs: string) => string> = {
  cancel: (jobs) => `${jobs}: what has not ended of each is cancelled, for good. Results that are there stay.`,
  pause: (jobs) => `${jobs}: no further chunk of any begins until it is resumed; what runs goes on to its end.`,
  resume: (jobs) => `${jobs}: what waits of each may begin again.`,
  retry: (jobs) => `${jobs}: the tasks of each that did not complete run again, with fresh attempts.`,
  delete: (jobs) => `${jobs}: each can be seen no more, with its tasks and results. It cannot be undone.`,
};

export const describeBulkEffect = (verb: BulkVerb, jobs: number): string =>
  `${EFFECTS[verb](pluralize(jobs, "job"))} A job that it does not fit is refused, and stays as it is.`;

/** How far it is: of so many, if one has counted before. */
export function describeBulkProgress(
  action: Pick<BulkAction, "done" | "refused" | "dry_run">,
  total: number | null,
): string {
  const { done, refused, dry_run: counted } = action;
  if (counted) return `${pluralize(done, "job")} counted`;
  const seen = done + refused;
  const said = `${formatNumber(done)} done, ${formatNumber(refused)} refused`;
  return total
    ? `${said}, of ${pluralize(Math.max(total, seen), "job")} (${formatPercent(seen, Math.max(total, seen))})`
    : said;
}
