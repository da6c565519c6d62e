/** What becomes of a job by itself, between what people do to it. Pure. */

import { JOB_STATUS_STYLES } from "@/components/status-indicators";
import type { Event, Job } from "@/lib/api/types";

/** A row of the table: what somebody did, or what came of itself. */
export interface ActivityRow {
  id: string;
  at: string;
  what: string;
  who: string;
  job_id: string | null;
  detail: Event["detail"];
}

/** The latest generation's begin and end. */
export function lifecycleRows(job: Job): ActivityRow[] {
  const again = job.generation > 1 ? { generation: String(job.generation) } : {};
  const step = (id: string, at: string, what: string, detail: Event["detail"]): ActivityRow => ({
    id,
    at,
    what,
    who: "Shoal",
    job_id: job.id,
    detail,
  });
  const because = job.reason ? { reason: job.reason } : {};
  return [
    ...(job.started_at ? [step("started", job.started_at, "Started", again)] : []),
    ...(job.finished_at
      ? [step("ended", job.finished_at, JOB_STATUS_STYLES[job.status].label, { ...again, ...because })]
      : []),
  ];
}

/**
 * A page of what was done, newest first, with the steps that fall into its time: into all that is later on the first
 * page, into all that is earlier on the last.
 */
export function mergeRows(
  done: ActivityRow[],
  steps: ActivityRow[],
  { first, last }: { first: boolean; last: boolean },
): ActivityRow[] {
  const [newest, oldest] = [done[0], done.at(-1)];
  const here = steps.filter(
    ({ at }) =>
      (first || (newest !== undefined && at <= newest.at)) && (last || (oldest !== undefined && at >= oldest.at)),
  );
  return [...done, ...here].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}
