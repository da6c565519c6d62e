import { expect, test } from "vitest";
import { describeMissing, groupMissing } from "./missing-results";

test("counts the tasks without a result by status", () => {
  const counts = { pending: 0, running: 0, retrying: 0, completed: 9, failed: 1_071, cancelled: 3 };

  expect(describeMissing(counts)).toBe("1,071 failed, 3 cancelled");
  expect(describeMissing({ ...counts, failed: 0, cancelled: 0 })).toBe("");
});

test("groups ranges by reason, and counts the ranges that it does not show", () => {
  const missing = [
    { first: 0, last: 0, count: 1, why: "FAILED" as const },
    { first: 4, last: 1_999, count: 1_996, why: "CANCELLED" as const },
    { first: 2_000, last: 2_000, count: 1, why: "FAILED" as const },
  ];

  expect(groupMissing(missing, 1)).toEqual([
    { reason: "FAILED", label: "failed", count: 2, ranges: [{ first: 0, label: "0" }], hidden: 1 },
    { reason: "CANCELLED", label: "cancelled", count: 1_996, ranges: [{ first: 4, label: "4–1,999" }], hidden: 0 },
  ]);
});
