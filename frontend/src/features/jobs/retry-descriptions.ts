/** What a retry or a discard will do, in a sentence with its numbers. Pure. */

import { formatNumber, pluralize } from "@/lib/format";

interface Canary {
  share: number;
  bar: number;
}

/** How many of so many tasks go first: the share, and at least one. */
export const canarySize = (share: number, of: number): number =>
  Math.min(of, Math.max(1, Math.ceil(share * of - 1e-9)));

/** A whole or broken percentage as a share; null if it is none, or outside of what the API takes. */
export function parsePercent(text: string, least: "zero" | "above zero"): number | null {
  if (!/^\d+(\.\d+)?$/.test(text)) return null;
  const share = Number(text) / 100;
  return share > 1 || (least === "above zero" && share === 0) ? null : share;
}

export interface RetryPlan {
  tasks: number;
  /** What they failed with, if they are those of one cause. */
  of: string | null;
  /** Failed tasks that were discarded and so stay. */
  discarded: number;
  completed: number;
  generation: number;
  canary: Canary | null;
}

export function describeRetry({ tasks, of, discarded, completed, generation, canary }: RetryPlan): string {
  const which = of === null ? "that did not complete" : `that failed with ${of}`;
  const said = [
    canary
      ? describeCanary(tasks, which, generation, canary)
      : `${pluralize(tasks, "task")} ${which} will run again, as generation ${formatNumber(generation)}, with fresh attempts.`,
  ];
  if (of !== null) said.push("All others stay as they are.");
  else if (discarded)
    said.push(`${pluralize(discarded, "discarded task")} ${discarded === 1 ? "stays" : "stay"} failed.`);
  said.push(`${pluralize(completed, "result")} already there ${completed === 1 ? "stays" : "stay"}.`);
  return said.join(" ");
}

function describeCanary(tasks: number, which: string, generation: number, { share, bar }: Canary): string {
  const first = canarySize(share, tasks);
  const needed = Math.ceil(bar * first - 1e-9);
  const rest = tasks - first;
  const about = first === tasks ? "" : first === 1 ? "One of " : `About ${formatNumber(first)} of `;
  const begin = `${about}${pluralize(tasks, "task")} ${which} will run again first, as generation ${formatNumber(generation)}.`;
  if (!rest) return begin;
  const others = rest === 1 ? "the other follows by itself" : `the other ${formatNumber(rest)} follow by themselves`;
  if (!needed) return `${begin} Whatever becomes of ${first === 1 ? "it" : "them"}, ${others}.`;
  const enough = first === 1 ? "If it completes" : `If at least ${formatNumber(needed)} of them complete`;
  return `${begin} ${enough}, ${others}; else the job ends failed.`;
}

export function describeDiscard(tasks: number, of: string | null): string {
  const which = of === null ? "All" : "The";
  return `${which} ${pluralize(tasks, "task")} that failed${of === null ? "" : ` with ${of}`} ${tasks === 1 ? "stays" : "stay"} failed and counted so, and a retry of all leaves ${tasks === 1 ? "it" : "them"} out. A retry that names the cause still runs ${tasks === 1 ? "it" : "them"}.`;
}
