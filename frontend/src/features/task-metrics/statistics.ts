/** From tasks that ended: how long they took, and how many ended in each stretch of time. Pure. */

import type { Task } from "@/lib/api/types";
import { formatDuration, formatNumber, pluralize } from "@/lib/format";

export interface Bars {
  /** Where each bar begins; seconds, or seconds since the epoch. */
  from: number[];
  counts: number[];
  /** Width of a bar, in seconds. */
  width: number;
}

const BARS = 40;
const NONE: Bars = { from: [], counts: [], width: 0 };

function bars(values: number[], first: number, last: number): Bars {
  if (!values.length) return NONE;
  const width = Math.max((last - first) / BARS, Number.EPSILON * last, 1e-6);
  const counts = Array.from({ length: BARS }, () => 0);
  for (const value of values) {
    const bar = Math.min(BARS - 1, Math.floor((value - first) / width));
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  return { from: counts.map((_, i) => first + i * width), counts, width };
}

export const durationsOf = (tasks: Task[]): number[] =>
  tasks.flatMap(({ duration }) => (duration === null ? [] : [duration])).sort((a, b) => a - b);

export const histogram = (sorted: number[]): Bars => bars(sorted, 0, sorted.at(-1) ?? 0);

/** Tasks that ended a second, over time. */
export function throughput(tasks: Task[]): Bars {
  const ends = tasks.flatMap(({ finished_at: at }) => (at ? [Date.parse(at) / 1000] : []));
  const first = ends.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY);
  const last = ends.reduce((most, each) => Math.max(most, each), 0);
  const found = bars(ends, first, Math.max(last, first + 1));
  return { ...found, counts: found.counts.map((each) => each / found.width) };
}

/** The value that a share of all does not exceed; `sorted` is not empty. */
export const quantile = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

const rounded = (rate: number): string =>
  rate < 10 ? String(Number(rate.toFixed(1))) : formatNumber(Math.round(rate));

export const perSecond = (rate: number): string => `${rounded(rate)} /s`;

/** How many of how many tasks the figures are of. */
export function describeSample(seen: number, ended: number, whole: boolean): string {
  if (whole || seen >= ended) return `Of all ${pluralize(seen, "task")} that ended.`;
  return `Of ${formatNumber(seen)} of ${formatNumber(ended)} tasks that ended: those with the lowest numbers.`;
}

/** What the picture of durations shows, for who does not see it; `sorted` is not empty. */
export const describeDurations = (sorted: number[]): string =>
  `Half of the tasks took at most ${formatDuration(quantile(sorted, 0.5))}, 95% at most ${formatDuration(quantile(sorted, 0.95))}, 99% at most ${formatDuration(quantile(sorted, 0.99))}; from ${formatDuration(sorted[0] ?? 0)} to ${formatDuration(sorted.at(-1) ?? 0)}.`;

/** The same of the picture of throughput. */
export function describeThroughput({ counts, width }: Bars): string {
  const ended = counts.reduce((sum, each) => sum + each * width, 0);
  const most = counts.reduce((so, each) => Math.max(so, each), 0);
  return `${rounded(ended / Math.max(counts.length * width, 1e-6))} tasks/s on average over ${formatDuration(counts.length * width)}, at most ${rounded(most)} tasks/s in a bar of ${formatDuration(width)}.`;
}
