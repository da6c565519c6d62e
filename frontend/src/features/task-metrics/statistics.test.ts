import { expect, test } from "vitest";
import type { Task } from "@/lib/api/types";
import {
  durationsOf,
  histogram,
  quantile,
  describeSample,
  describeThroughput,
  describeDurations,
  throughput,
} from "./statistics";

const ended = (second: number, duration: number): Task =>
  ({ duration, finished_at: new Date(second * 1000).toISOString() }) as Task;

test("every task is in one bar, the slowest in the last", () => {
  const sorted = durationsOf([3, 1, 2, 40].map((each) => ended(0, each)));

  const { counts } = histogram(sorted);

  expect(counts.reduce((sum, each) => sum + each, 0)).toBe(4);
  expect(counts.at(-1)).toBe(1);
});

test("throughput is tasks a second whatever the width of a bar", () => {
  const tasks = Array.from({ length: 800 }, (_, i) => ended(1_000 + i / 10, 1));

  const { counts, width } = throughput(tasks);

  expect(counts.reduce((sum, each) => sum + each * width, 0)).toBeCloseTo(800);
  expect(counts[20]).toBeCloseTo(10, 0);
});

test("quantiles are of what was measured", () => {
  const sorted = Array.from({ length: 100 }, (_, i) => i + 1);

  expect([quantile(sorted, 0.5), quantile(sorted, 0.99), quantile([7], 0.99)]).toEqual([51, 100, 7]);
});

test("the figures say of how many of how many tasks they are", () => {
  expect(describeSample(5_000, 20_000, false)).toBe(
    "Of 5,000 of 20,000 tasks that ended: those with the lowest numbers.",
  );
  expect(describeSample(500, 500, true)).toBe("Of all 500 tasks that ended.");
});

test("the pictures are told in words", () => {
  const sorted = Array.from({ length: 100 }, (_, i) => (i + 1) / 10);

  expect(describeDurations(sorted)).toMatch(/at most 5.1 s, 95% at most 9.6 s, 99% at most 10 s; from 100 ms to 10 s/);
  expect(describeThroughput({ from: [0, 2], counts: [1, 3], width: 2 })).toBe(
    "2 tasks/s on average over 4 s, at most 3 tasks/s in a bar of 2 s.",
  );
});
