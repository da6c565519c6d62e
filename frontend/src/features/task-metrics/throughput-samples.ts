/** How fast tasks end while one looks, from the counts as they come. Pure. */

import type { Bars } from "./statistics";

export interface Sample {
  /** Seconds since the epoch. */
  at: number;
  ended: number;
}

/** Seconds after which it counts that nothing ended; before, an answer may only be late. */
const QUIET = 6;
const MOST = 600;
const WIDTH = 2;
const BARS = 60;

/** Counts that fall are of a new generation, so that what came before says nothing of it. */
export function addSample(samples: Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1);
  if (last && (sample.ended < last.ended || sample.at < last.at)) return [sample];
  if (last && sample.ended === last.ended && sample.at - last.at < QUIET) return samples;
  return [...samples, sample].slice(-MOST);
}

/** Tasks a second in bars of two seconds, the last two minutes at most; what ended between two samples is spread. */
export function throughputBars(samples: Sample[]): Bars {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at <= first.at) return { from: [], counts: [], width: WIDTH };
  const bars = Math.min(BARS, Math.ceil((last.at - first.at) / WIDTH));
  const begin = last.at - bars * WIDTH;
  const counts = Array.from({ length: bars }, () => 0);
  samples.slice(1).forEach((sample, i) => {
    const before = samples[i];
    if (before) spread(counts, before, sample, begin);
  });
  return { from: counts.map((_, i) => begin + i * WIDTH), counts, width: WIDTH };
}

function spread(counts: number[], from: Sample, to: Sample, begin: number): void {
  const took = Math.max(to.at - from.at, 1e-3);
  const rate = (to.ended - from.ended) / took;
  const until = from.at + took;
  for (let bar = Math.max(0, Math.floor((from.at - begin) / WIDTH)); bar < counts.length; bar += 1) {
    const left = begin + bar * WIDTH;
    if (left >= until) return;
    const shared = Math.min(until, left + WIDTH) - Math.max(from.at, left);
    if (shared > 0) counts[bar] = (counts[bar] ?? 0) + (rate * shared) / WIDTH;
  }
}

/** Tasks a second over so many seconds before the last sample; null while too little is known. */
export function recentRate(samples: Sample[], seconds: number): number | null {
  const last = samples.at(-1);
  if (!last) return null;
  const since = samples.find((each) => each.at >= last.at - seconds);
  if (!since || last.at - since.at < 1) return null;
  return (last.ended - since.ended) / (last.at - since.at);
}
