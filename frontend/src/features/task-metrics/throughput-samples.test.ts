import { expect, test } from "vitest";
import { addSample, throughputBars, recentRate, type Sample } from "./throughput-samples";

const steady: Sample[] = Array.from({ length: 11 }, (_, i) => ({ at: 100 + i, ended: 5 * i }));

test("what ended is in the bars, however far apart the samples are", () => {
  const samples = [...steady, { at: 117, ended: 120 }];

  const { counts, width } = throughputBars(samples);

  expect(counts.reduce((sum, each) => sum + each * width, 0)).toBeCloseTo(120);
});

test("only the last two minutes are shown", () => {
  const { from, counts } = throughputBars([
    { at: 0, ended: 0 },
    { at: 1_000, ended: 1_000 },
  ]);

  expect(from[0]).toBe(880);
  expect(counts).toHaveLength(60);
  expect(counts.every((each) => Math.abs(each - 1) < 1e-9)).toBe(true);
});

test("a new generation begins anew", () => {
  expect(addSample(steady, { at: 200, ended: 0 })).toEqual([{ at: 200, ended: 0 }]);
});

test("the rate of late is of the last seconds alone", () => {
  expect(
    recentRate([{ at: 0, ended: 0 }, ...steady.map((each) => ({ ...each, ended: each.ended + 900 }))], 10),
  ).toBeCloseTo(5);
  expect(recentRate(steady.slice(0, 1), 10)).toBeNull();
});

test("a moment without news is not yet a moment in which nothing ended", () => {
  const known = [{ at: 100, ended: 5 }];

  expect(addSample(known, { at: 103, ended: 5 })).toBe(known);
  expect(addSample(known, { at: 107, ended: 5 })).toHaveLength(2);
});
