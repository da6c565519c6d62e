import { expect, test } from "vitest";
import { addSample, recentRate, type Sample, throughputBars } from "./throughput-samples";

const steady: Sample[] = Array.from({ length: 11 }, (_, i) => ({ at: 100 + i, ended: 5 * i }));

test("the bars contain all tasks, however far apart the samples are", () => {
  const samples = [...steady, { at: 117, ended: 120 }];

  const { values, width } = throughputBars(samples);

  expect(values.reduce((sum, each) => sum + each * width, 0)).toBeCloseTo(120);
});

test("the bars cover the last two minutes", () => {
  const { starts, values } = throughputBars([
    { at: 0, ended: 0 },
    { at: 1_000, ended: 1_000 },
  ]);

  expect(starts[0]).toBe(880);
  expect(values).toHaveLength(60);
  expect(values.every((each) => Math.abs(each - 1) < 1e-9)).toBe(true);
});

test("a new generation drops earlier samples", () => {
  expect(addSample(steady, { at: 200, ended: 0 })).toEqual([{ at: 200, ended: 0 }]);
});

test("the recent rate uses only the last seconds", () => {
  const earlier = { at: 0, ended: 0 };
  const later = steady.map((each) => ({ ...each, ended: each.ended + 900 }));

  expect(recentRate([earlier, ...later], 10)).toBeCloseTo(5);
  expect(recentRate(steady.slice(0, 1), 10)).toBeNull();
});

test("a short time without a change adds no sample", () => {
  const samples = [{ at: 100, ended: 5 }];

  expect(addSample(samples, { at: 103, ended: 5 })).toBe(samples);
  expect(addSample(samples, { at: 107, ended: 5 })).toHaveLength(2);
});
