/** What to do with a delta, by docs/reference/live.md. */

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

export type DeltaDecision = "drop" | "fetch" | "take";

export function decide(version: number, delta: Delta): DeltaDecision {
  if (delta.version <= version) return "drop";
  return delta.previous === null || delta.previous > version ? "fetch" : "take";
}

/** The job as the delta tells it. Fields that no delta has stay; who needs them fetches. */
export function applyDelta(job: Job, delta: Delta): Job {
  return { ...job, version: delta.version, status: delta.status, paused: delta.paused, counts: delta.counts };
}

/** Whether more than counts moved, so that dates and reasons are to be fetched. */
export function statusChanged(job: Job, delta: Delta): boolean {
  return job.status !== delta.status || job.paused !== delta.paused;
}

export function isDelta(said: unknown): said is Delta {
  return typeof said === "object" && said !== null && (said as { type?: unknown }).type === "delta";
}

/** The answer to a subscription: to a job, or to all where it names none. */
export function isSubscribed(said: unknown): said is { type: "subscribed"; job_id: string | null } {
  return typeof said === "object" && said !== null && (said as { type?: unknown }).type === "subscribed";
}
