/** Durations and throughput of tasks that have ended. Pure. */

import type { Task } from "@/lib/api/types";
import { formatDuration, formatNumber, pluralize } from "@/lib/format";

export interface Bars {
  /** The start of each bar, in seconds or in seconds since the epoch. */
  starts: number[];
  values: number[];
  /** The width of a bar, in seconds. */
  width: number;
}

const BAR_COUNT = 40;
const NO_BARS: Bars = { starts: [], values: [], width: 0 };

function countByBar(samples: number[], first: number, last: number): Bars {
  if (!samples.length) return NO_BARS;
  const width = Math.max((last - first) / BAR_COUNT, Number.EPSILON * last, 1e-6);
  const values = Array.from({ length: BAR_COUNT }, () => 0);
  for (const sample of samples) {
    const bar = Math.min(BAR_COUNT - 1, Math.floor((sample - first) / width));
    values[bar] = (values[bar] ?? 0) + 1;
  }
  return { starts: values.map((_, i) => first + i * width), values, width };
}

/** The durations of the tasks in seconds, in ascending order. */
export const durationsOf = (tasks: Task[]): number[] =>
  tasks.flatMap(({ duration }) => (duration === null ? [] : [duration])).sort((a, b) => a - b);

export const histogram = (sorted: number[]): Bars => countByBar(sorted, 0, sorted.at(-1) ?? 0);

/** Tasks that ended per second, over time. */
export function throughput(tasks: Task[]): Bars {
  const ends = tasks.flatMap(({ finished_at: at }) => (at ? [Date.parse(at) / 1000] : []));
  const first = ends.reduce((min, each) => Math.min(min, each), Number.POSITIVE_INFINITY);
  const last = ends.reduce((max, each) => Math.max(max, each), 0);
  const bars = countByBar(ends, first, Math.max(last, first + 1));
  return { ...bars, values: bars.values.map((each) => each / bars.width) };
}

/** A quantile of sorted values, of which there is at least one. */
export const quantile = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

const roundRate = (rate: number): string =>
  rate < 10 ? String(Number(rate.toFixed(1))) : formatNumber(Math.round(rate));

export const formatRate = (rate: number): string => `${roundRate(rate)} tasks/s`;

/** The number of tasks that a statistic includes. */
export function describeSample(included: number, ended: number, complete: boolean): string {
  if (complete || included >= ended) return `Includes all ${pluralize(included, "task")} that ended.`;
  return `Includes ${formatNumber(included)} of ${formatNumber(ended)} tasks that ended: those with the lowest indices.`;
}

/** Describes the chart of durations for screen readers. `sorted` must not be empty. */
export function describeDurations(sorted: number[]): string {
  const at = (share: number): string => formatDuration(quantile(sorted, share));
  const [min, max] = [formatDuration(sorted[0] ?? 0), formatDuration(sorted.at(-1) ?? 0)];
  return `The median is ${at(0.5)}, p95 is ${at(0.95)} and p99 is ${at(0.99)}. The range is ${min} to ${max}.`;
}

/** Describes the chart of throughput. */
export function describeThroughput({ values, width }: Bars): string {
  const ended = values.reduce((sum, each) => sum + each * width, 0);
  const max = values.reduce((greatest, each) => Math.max(greatest, each), 0);
  const seconds = values.length * width;
  const average = ended / Math.max(seconds, 1e-6);
  return `${formatRate(average)} on average over ${formatDuration(seconds)}, with a peak of ${formatRate(max)} in intervals of ${formatDuration(width)}.`;
}
