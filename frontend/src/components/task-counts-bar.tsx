/** How far a job is: one bar of its tasks by status, and the same in figures. */

import type { Counts } from "@/lib/api/types";
import { formatNumber, formatPercent } from "@/lib/format";
import "./task-counts-bar.css";

type Status = keyof Counts;

/** In the order in which the bar is filled. */
const ORDER: readonly Status[] = ["completed", "failed", "cancelled", "retrying", "running", "pending"];

function describeCounts(counts: Counts): string {
  const said = ORDER.filter((each) => counts[each] > 0).map((each) => `${formatNumber(counts[each])} ${each}`);
  return said.length ? said.join(", ") : "no tasks yet";
}

export function TaskCountsBar({
  counts,
  total,
  slim = false,
}: {
  counts: Counts;
  total: number | null;
  slim?: boolean;
}) {
  const all = Math.max(
    total ?? 0,
    ORDER.reduce((sum, each) => sum + counts[each], 0),
  );
  const ended = counts.completed + counts.failed + counts.cancelled;
  return (
    <div className={slim ? "counts counts-slim" : "counts"}>
      <div className="counts-bar" role="img" aria-label={describeCounts(counts)} title={describeCounts(counts)}>
        {ORDER.filter((each) => each !== "pending" && counts[each] > 0).map((each) => (
          <span
            key={each}
            className={`counts-part fill-${each}`}
            style={{ width: `max(2px, ${(100 * counts[each]) / Math.max(all, 1)}%)` }}
          />
        ))}
      </div>
      <span className="counts-word">{all ? formatPercent(ended, all) : "–"}</span>
    </div>
  );
}
