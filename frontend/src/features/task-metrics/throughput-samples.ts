/** The current throughput of a job, from samples of its task counts. Pure. */

import type { Bars } from "./statistics";

export interface Sample {
  /** Seconds since the epoch. */
  at: number;
  /** The number of tasks that have ended. */
  ended: number;
}

/** Seconds without a change after which the throughput is zero. Until then, an update can be late. */
const IDLE_SECONDS = 6;
const MAX_SAMPLES = 600;
const BAR_WIDTH = 2;
const MAX_BARS = 60;

/** Adds a sample. Counts that fall belong to a new generation, so earlier samples are dropped. */
export function addSample(samples: Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1);
  if (last && (sample.ended < last.ended || sample.at < last.at)) return [sample];
  if (last && sample.ended === last.ended && sample.at - last.at < IDLE_SECONDS) return samples;
  return [...samples, sample].slice(-MAX_SAMPLES);
}

/** Tasks per second in bars of two seconds, for the last two minutes. Spreads tasks evenly between two samples. */
export function throughputBars(samples: Sample[]): Bars {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at <= first.at) return { starts: [], values: [], width: BAR_WIDTH };
  const count = Math.min(MAX_BARS, Math.ceil((last.at - first.at) / BAR_WIDTH));
  const start = last.at - count * BAR_WIDTH;
  const values = Array.from({ length: count }, () => 0);
  samples.slice(1).forEach((sample, i) => {
    const before = samples[i];
    if (before) spread(values, before, sample, start);
  });
  return { starts: values.map((_, i) => start + i * BAR_WIDTH), values, width: BAR_WIDTH };
}

function spread(values: number[], from: Sample, to: Sample, start: number): void {
  const seconds = Math.max(to.at - from.at, 1e-3);
  const rate = (to.ended - from.ended) / seconds;
  const end = from.at + seconds;
  for (let bar = Math.max(0, Math.floor((from.at - start) / BAR_WIDTH)); bar < values.length; bar += 1) {
    const barStart = start + bar * BAR_WIDTH;
    if (barStart >= end) return;
    const overlap = Math.min(end, barStart + BAR_WIDTH) - Math.max(from.at, barStart);
    if (overlap > 0) values[bar] = (values[bar] ?? 0) + (rate * overlap) / BAR_WIDTH;
  }
}

/** Tasks per second in the seconds before the last sample. Returns null without enough samples. */
export function recentRate(samples: Sample[], seconds: number): number | null {
  const last = samples.at(-1);
  if (!last) return null;
  const since = samples.find((each) => each.at >= last.at - seconds);
  if (!since || last.at - since.at < 1) return null;
  return (last.ended - since.ended) / (last.at - since.at);
}
