import { expect, test } from "vitest";
import { decide, type Delta } from "@/lib/live/delta";

const counts = { pending: 0, running: 0, retrying: 0, completed: 1, failed: 0, cancelled: 0 };
const delta = (version: number, previous: number | null): Delta => ({
  type: "delta",
  job_id: "job_1",
  version,
  previous,
  status: "RUNNING",
  paused: false,
  counts,
});

test.each([
  ["ignores an old delta", 10, delta(9, 8), "ignore"],
  ["ignores a repeated delta", 10, delta(10, 8), "ignore"],
  ["applies the next delta", 10, delta(11, 10), "apply"],
  ["applies a delta that starts before the known version", 10, delta(12, 9), "apply"],
  ["fetches the job if a delta is missing", 10, delta(12, 11), "fetch"],
  ["fetches the job for the first delta of all", 10, delta(12, null), "fetch"],
])("%s", (_, version, received, decision) => {
  expect(decide(version, received)).toBe(decision);
});
