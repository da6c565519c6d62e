/** How an attempt is told of. */

import type { Attempt } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";

/** Attempts count anew in each generation of the job, which is named where there are several. */
export function attemptName(
  { attempt, generation }: Pick<Attempt, "attempt" | "generation">,
  several: boolean,
): string {
  const name = attempt === null ? "Attempt" : `Attempt ${formatNumber(attempt)}`;
  return several && generation !== null ? `${name}, generation ${formatNumber(generation)}` : name;
}

/** Workers that died leave no attempt of their own: the next one goes on with theirs. */
export function describeCrashes(crashes: number): string {
  const died = `${pluralize(crashes, "worker")}${crashes > 1 ? " in a row" : ""} died`;
  return `${died} before this one, which goes on with the same attempt.`;
}

export const hasExpired = (until: string, now = Date.now()): boolean => Date.parse(until) < now;
