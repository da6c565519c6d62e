import { expect, test } from "vitest";
import { type Delta, decide } from "@/lib/live/delta";

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
  ["an old delta is dropped", 10, delta(9, 8), "drop"],
  ["the same delta again is dropped", 10, delta(10, 8), "drop"],
  ["the next delta is taken", 10, delta(11, 10), "take"],
  ["a delta that begins before what is known is taken", 10, delta(12, 9), "take"],
  ["a gap is fetched", 10, delta(12, 11), "fetch"],
  ["the first delta that was ever told is fetched", 10, delta(12, null), "fetch"],
])("%s", (_, version, told, wanted) => {
  expect(decide(version, told)).toBe(wanted);
});
