/** Describes the effect of a retry or a discard, with its numbers. Pure. */

import { formatNumber, pluralize } from "@/lib/format";

interface Canary {
  share: number;
  bar: number;
}

/** The number of tasks that run first: the share of all tasks, and at least one. */
export const canarySize = (share: number, tasks: number): number =>
  Math.min(tasks, Math.max(1, Math.ceil(share * tasks - 1e-9)));

/** Converts a percentage to a share between 0 and 1. Returns null if the text or the value is invalid. */
export function parsePercent(text: string, { allowZero }: { allowZero: boolean }): number | null {
  if (!/^\d+(\.\d+)?$/.test(text)) return null;
  const share = Number(text) / 100;
  return share > 1 || (share === 0 && !allowZero) ? null : share;
}

export interface RetryPlan {
  tasks: number;
  /** The error of the tasks if the retry is limited to one cause. */
  cause: string | null;
  discarded: number;
  completed: number;
  generation: number;
  canary: Canary | null;
}

export function describeRetry({ tasks, cause, discarded, completed, generation, canary }: RetryPlan): string {
  const which = cause === null ? "that did not complete" : `that failed with ${cause}`;
  const sentences = [
    canary
      ? describeCanary(tasks, which, generation, canary)
      : `Retries ${pluralize(tasks, "task")} ${which}. The retry is generation ${formatNumber(generation)}, with new attempts.`,
  ];
  if (cause !== null) sentences.push("Other failed tasks do not change.");
  else if (discarded) {
    sentences.push(`${pluralize(discarded, "discarded task")} ${discarded === 1 ? "is" : "are"} skipped.`);
  }
  sentences.push(`${pluralize(completed, "existing result")} ${completed === 1 ? "is" : "are"} kept.`);
  return sentences.join(" ");
}

function describeCanary(tasks: number, which: string, generation: number, { share, bar }: Canary): string {
  const size = canarySize(share, tasks);
  const required = Math.ceil(bar * size - 1e-9);
  const others = tasks - size;
  const begin = `Retries a canary of ${size === tasks ? "all" : size === 1 ? "1 of" : `about ${formatNumber(size)} of`} ${pluralize(tasks, "task")} ${which}. The retry is generation ${formatNumber(generation)}.`;
  if (!others) return begin;
  const follow = others === 1 ? "the other task runs too" : `the other ${formatNumber(others)} run too`;
  if (!required) return `${begin} When it ends, ${follow}.`;
  const condition =
    size === 1 ? "If it completes" : `If at least ${formatNumber(required)} of the canary tasks complete`;
  return `${begin} ${condition}, ${follow}. Otherwise the job fails.`;
}

export function describeDiscard(tasks: number, cause: string | null): string {
  const which = cause === null ? "" : ` with ${cause}`;
  const [they, count, them] = tasks === 1 ? ["It", "counts", "it"] : ["They", "count", "them"];
  return `Marks ${pluralize(tasks, "task")} that failed${which} as discarded. ${they} still ${count} as failed. A retry of all failed tasks skips ${them}. A retry of the cause still runs ${them}.`;
}
