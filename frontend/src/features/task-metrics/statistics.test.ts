import { expect, test } from "vitest";
import type { Task } from "@/lib/api/types";
import {
  describeDurations,
  describeSample,
  describeThroughput,
  durationsOf,
  histogram,
  quantile,
  throughput,
} from "./statistics";

const endedTask = (second: number, duration: number): Task =>
  ({ duration, finished_at: new Date(second * 1000).toISOString() }) as Task;

test("a histogram counts each task once, the slowest in the last bar", () => {
  const sorted = durationsOf([3, 1, 2, 40].map((each) => endedTask(0, each)));

  const { values } = histogram(sorted);

  expect(values.reduce((sum, each) => sum + each, 0)).toBe(4);
  expect(values.at(-1)).toBe(1);
});

test("throughput is in tasks per second, whatever the width of a bar", () => {
  const tasks = Array.from({ length: 800 }, (_, i) => endedTask(1_000 + i / 10, 1));

  const { values, width } = throughput(tasks);

  expect(values.reduce((sum, each) => sum + each * width, 0)).toBeCloseTo(800);
  expect(values[20]).toBeCloseTo(10, 0);
});

test("quantiles are measured values", () => {
  const sorted = Array.from({ length: 100 }, (_, i) => i + 1);

  expect([quantile(sorted, 0.5), quantile(sorted, 0.99), quantile([7], 0.99)]).toEqual([51, 100, 7]);
});

test("a sample is described by the number of its tasks", () => {
  expect(describeSample(5_000, 20_000, false)).toBe(
    "Includes 5,000 of 20,000 tasks that ended: those with the lowest indices.",
  );
  expect(describeSample(500, 500, true)).toBe("Includes all 500 tasks that ended.");
});

test("the charts have descriptions", () => {
  const sorted = Array.from({ length: 100 }, (_, i) => (i + 1) / 10);

  expect(describeDurations(sorted)).toBe(
    "The median is 5.1 s, p95 is 9.6 s and p99 is 10 s. The range is 100 ms to 10 s.",
  );
  expect(describeThroughput({ starts: [0, 2], values: [1, 3], width: 2 })).toBe(
    "2 tasks/s on average over 4 s, with a peak of 3 tasks/s in intervals of 2 s.",
  );
});
