/** Decides how to apply a delta, as docs/reference/live.md specifies. */

import type { Counts, Job, JobStatus } from "@/lib/api/types";

export interface Delta {
  type: "delta";
  job_id: string;
  version: number;
  previous: number | null;
  status: JobStatus;
  paused: boolean;
  counts: Counts;
}

/** `ignore` an old delta, `apply` the next one, and `fetch` the job if a delta is missing. */
export type DeltaDecision = "ignore" | "apply" | "fetch";

export function decide(version: number, delta: Delta): DeltaDecision {
  if (delta.version <= version) return "ignore";
  return delta.previous === null || delta.previous > version ? "fetch" : "apply";
}

/** The job with the fields of the delta. All other fields keep their values. */
export function applyDelta(job: Job, delta: Delta): Job {
  return { ...job, version: delta.version, status: delta.status, paused: delta.paused, counts: delta.counts };
}

/** Whether fields that a delta does not have, such as dates and reasons, can have changed too. */
export function statusChanged(job: Job, delta: Delta): boolean {
  return job.status !== delta.status || job.paused !== delta.paused;
}

export function isDelta(message: unknown): message is Delta {
  return typeof message === "object" && message !== null && (message as { type?: unknown }).type === "delta";
}

/** The confirmation of a subscription. The job ID is null for a subscription to all jobs. */
export function isSubscribed(message: unknown): message is { type: "subscribed"; job_id: string | null } {
  return typeof message === "object" && message !== null && (message as { type?: unknown }).type === "subscribed";
}
