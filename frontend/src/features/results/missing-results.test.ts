import { expect, test } from "vitest";
import { groupMissing, describeMissing } from "./missing-results";

test("what has no result is counted by why, and nothing said where all have one", () => {
  const counts = { pending: 0, running: 0, retrying: 0, completed: 9, failed: 1_071, cancelled: 3 };

  expect(describeMissing(counts)).toBe("1,071 failed, 3 cancelled");
  expect(describeMissing({ ...counts, failed: 0, cancelled: 0 })).toBe("");
});

test("runs are told by why, and those that are too many are counted", () => {
  const missing = [
    { first: 0, last: 0, count: 1, why: "FAILED" as const },
    { first: 4, last: 1_999, count: 1_996, why: "CANCELLED" as const },
    { first: 2_000, last: 2_000, count: 1, why: "FAILED" as const },
  ];

  expect(groupMissing(missing, 1)).toEqual([
    { why: "FAILED", words: "failed", count: 2, runs: [{ first: 0, words: "0" }], more: 1 },
    { why: "CANCELLED", words: "cancelled", count: 1_996, runs: [{ first: 4, words: "4–1,999" }], more: 0 },
  ]);
});
