/** Descriptions of attempts. Pure. */

import type { Attempt } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";

/** Attempts start again at 1 in each generation, so the name contains the generation if there are several. */
export function attemptName(
  { attempt, generation }: Pick<Attempt, "attempt" | "generation">,
  severalGenerations: boolean,
): string {
  const name = attempt === null ? "Attempt" : `Attempt ${formatNumber(attempt)}`;
  return severalGenerations && generation !== null ? `${name}, generation ${formatNumber(generation)}` : name;
}

/** A worker that dies leaves no attempt: the next worker continues the same one. */
export function describeCrashes(crashes: number): string {
  const workers = `${pluralize(crashes, "worker")}${crashes > 1 ? " in a row" : ""}`;
  return `${workers} died during this attempt. This worker continues it.`;
}

export const hasExpired = (time: string, now = Date.now()): boolean => Date.parse(time) < now;
