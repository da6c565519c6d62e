/** The progress of a job: a bar of its tasks by status, and the percentage that has ended. */

import type { Counts } from "@/lib/api/types";
import { formatNumber, formatPercent } from "@/lib/format";
import "./task-counts-bar.css";

/** In the order of the segments. */
const STATUSES: readonly (keyof Counts)[] = ["completed", "failed", "cancelled", "retrying", "running", "pending"];

export interface TaskCountsBarProps {
  counts: Counts;
  total: number | null;
  slim?: boolean;
}

export function TaskCountsBar({ counts, total, slim = false }: TaskCountsBarProps) {
  const all = Math.max(
    total ?? 0,
    STATUSES.reduce((sum, each) => sum + counts[each], 0),
  );
  const ended = counts.completed + counts.failed + counts.cancelled;
  const description = describeCounts(counts);
  return (
    <div className={slim ? "counts counts-slim" : "counts"}>
      <div className="counts-bar" role="img" aria-label={description} title={description}>
        {STATUSES.filter((each) => each !== "pending" && counts[each] > 0).map((each) => (
          <span
            key={each}
            className={`counts-segment fill-${each}`}
            style={{ width: `max(2px, ${(100 * counts[each]) / Math.max(all, 1)}%)` }}
          />
        ))}
      </div>
      <span className="counts-percent">{all ? formatPercent(ended, all) : "–"}</span>
    </div>
  );
}

function describeCounts(counts: Counts): string {
  const parts = STATUSES.filter((each) => counts[each] > 0).map((each) => `${formatNumber(counts[each])} ${each}`);
  return parts.length ? parts.join(", ") : "No tasks yet";
}
