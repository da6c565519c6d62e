/** Links to pages about a job outside the console. */

import type { Job } from "@/lib/api/types";

/** Milliseconds after the end of a job in which its components can still write logs. */
const LOG_GRACE_PERIOD = 600_000;

/** CloudWatch's URLs encode a colon as `*3A`. */
const toUrlTime = (at: number): string => new Date(at).toISOString().replaceAll(":", "*3A");

/** Fills in a URL template of the configuration for a job. Returns null without a template. */
export function fillUrlTemplate(
  template: string | null,
  job: Pick<Job, "id" | "generation" | "created_at" | "finished_at">,
  now = Date.now(),
): string | null {
  if (!template) return null;
  const until = (job.finished_at ? Date.parse(job.finished_at) : now) + LOG_GRACE_PERIOD;
  return template
    .replaceAll("{job}", job.id)
    .replaceAll("{generation}", String(job.generation))
    .replaceAll("{from}", toUrlTime(Date.parse(job.created_at)))
    .replaceAll("{until}", toUrlTime(until));
}
