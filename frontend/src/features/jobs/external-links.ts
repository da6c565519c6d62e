/** Addresses of pages about a job that are not ours. */

import type { Job } from "@/lib/api/types";

/** What is written once a job has ended is still of it. */
const AFTERWARDS = 600_000;

/** Times are written as CloudWatch's pages take them, with the code of a colon behind a star. */
const moment = (at: number): string => new Date(at).toISOString().replaceAll(":", "*3A");

/** An address of the configuration, filled in for a job. */
export function fillLink(
  address: string | null,
  job: Pick<Job, "id" | "generation" | "created_at" | "finished_at">,
  now = Date.now(),
): string | null {
  if (!address) return null;
  const until = (job.finished_at ? Date.parse(job.finished_at) : now) + AFTERWARDS;
  return address
    .replaceAll("{job}", job.id)
    .replaceAll("{generation}", String(job.generation))
    .replaceAll("{from}", moment(Date.parse(job.created_at)))
    .replaceAll("{until}", moment(until));
}
