/** The rows of the activity table: events of users, and the start and end of a job. Pure. */

import { JOB_STATUS_STYLES } from "@/components/status-indicators";
import type { Action, Event, Job } from "@/lib/api/types";

export interface ActivityRow {
  id: string;
  at: string;
  action: string;
  user: string;
  job_id: string | null;
  detail: Event["detail"];
}

const ACTION_LABELS: Record<Action, string> = {
  submit: "Submitted",
  cancel: "Cancelled",
  pause: "Paused",
  resume: "Resumed",
  retry: "Retried",
  canary: "Canary ended",
  change: "Changed",
  discard: "Discarded tasks",
  clone: "Cloned",
  delete: "Deleted",
  export: "Exported",
  webhook_add: "Webhook added",
  webhook_remove: "Webhook removed",
  webhook_rotate: "Webhook secret rotated",
  webhook_test: "Webhook tested",
  webhook_disable: "Webhook disabled",
};

export const rowOfEvent = ({ id, at, action, who, job_id, detail }: Event): ActivityRow => ({
  id,
  at,
  action: ACTION_LABELS[action],
  user: who,
  job_id,
  detail,
});

/** The start and the end of the job's latest generation, which the audit trail does not contain. */
export function lifecycleRows(job: Job): ActivityRow[] {
  const row = (id: string, at: string, action: string, detail: Event["detail"]): ActivityRow => ({
    id,
    at,
    action,
    user: "Shoal",
    job_id: job.id,
    detail,
  });
  const generation = job.generation > 1 ? { generation: String(job.generation) } : {};
  const reason = job.reason ? { reason: job.reason } : {};
  return [
    ...(job.started_at ? [row("started", job.started_at, "Started", generation)] : []),
    ...(job.finished_at
      ? [row("ended", job.finished_at, JOB_STATUS_STYLES[job.status].label, { ...generation, ...reason })]
      : []),
  ];
}

/**
 * Adds lifecycle rows to a page of events, newest first. A page receives the rows within its time range. The range of
 * the first page has no upper limit, and the range of the last page has no lower limit.
 */
export function mergeRows(
  events: ActivityRow[],
  lifecycle: ActivityRow[],
  { first, last }: { first: boolean; last: boolean },
): ActivityRow[] {
  const [newest, oldest] = [events[0], events.at(-1)];
  const inRange = lifecycle.filter(
    ({ at }) =>
      (first || (newest !== undefined && at <= newest.at)) && (last || (oldest !== undefined && at >= oldest.at)),
  );
  return [...events, ...inRange].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}
