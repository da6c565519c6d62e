/** Labels and descriptions of bulk actions. Pure. */

import type { BulkAction, BulkFilter, BulkVerb } from "@/lib/api/types";
import { formatNumber, formatPercent, pluralize } from "@/lib/format";

export const BULK_ACTION_LABELS: Record<BulkVerb, string> = {
  cancel: "Cancel",
  pause: "Pause",
  resume: "Resume",
  retry: "Retry failed tasks",
  delete: "Delete",
};

/** The label of an action on a number of jobs, such as "Cancel 4 jobs". */
export const labelForJobs = (action: BulkVerb, jobs: string): string =>
  action === "retry" ? `Retry failed tasks of ${jobs}` : `${BULK_ACTION_LABELS[action]} ${jobs}`;

const FIELD_LABELS: Record<string, string> = {
  status: "status",
  type: "task type",
  name: "name begins with",
  tag: "tag",
  since: "created since",
  until: "created before",
};

/** A filter as text, such as "status FAILED or CANCELLED, tag team=ml". */
export function describeFilter(
  filter: BulkFilter | BulkAction["filter"],
  formatTimestamp: (at: string) => string,
): string {
  return Object.entries(filter)
    .filter(([, value]) => value && value.length > 0)
    .map(([key, value]) => `${FIELD_LABELS[key] ?? key} ${describeValue(key, value as string | string[])}`)
    .join(", ");

  function describeValue(key: string, value: string | string[]): string {
    if (typeof value !== "string") return value.join(" or ");
    return key === "since" || key === "until" ? formatTimestamp(value) : value;
  }
}

/** The filter of the request. The API adds an end time, which excludes jobs that are newer than the action. */
export function requestedFilter({
  filter,
  created_at: createdAt,
}: Pick<BulkAction, "filter" | "created_at">): BulkAction["filter"] {
  const { until, ...rest } = filter;
  return until === undefined || until === createdAt ? rest : filter;
}

const EFFECTS: Record<BulkVerb, (jobs: string) => string> = {
  cancel: (jobs) => `Cancels the unfinished tasks of ${jobs}. Existing results are kept.`,
  pause: (jobs) => `No further chunks of ${jobs} start until you resume them. Running tasks finish.`,
  resume: (jobs) => `The waiting tasks of ${jobs} can start.`,
  retry: (jobs) => `Retries the tasks of ${jobs} that did not complete, with new attempts.`,
  delete: (jobs) => `Deletes ${jobs} with all tasks and results. You can't undo this action.`,
};

export const describeBulkEffect = (action: BulkVerb, jobs: number): string =>
  `${EFFECTS[action](pluralize(jobs, "job"))} Jobs in a state that does not allow this action are refused and do not change.`;

/** The progress of a bulk action, relative to the total if that is known. */
export function describeBulkProgress(
  { done, refused, dry_run: dryRun }: Pick<BulkAction, "done" | "refused" | "dry_run">,
  total: number | null,
): string {
  if (dryRun) return `${pluralize(done, "job")} counted`;
  const processed = done + refused;
  const progress = `${formatNumber(done)} done, ${formatNumber(refused)} refused`;
  if (!total) return progress;
  const all = Math.max(total, processed);
  return `${progress} of ${pluralize(all, "job")} (${formatPercent(processed, all)})`;
}
