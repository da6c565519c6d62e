import { expect, test } from "vitest";
import { describeBulkEffect, describeBulkProgress, describeFilter, requestedFilter } from "./descriptions";

const formatTimestamp = (at: string): string => `<${at}>`;

test("a filter description omits empty fields", () => {
  const filter = { status: ["FAILED", "CANCELLED"], tag: "team=ml", name: "", type: null, since: "10:00" };

  expect(describeFilter(filter as Parameters<typeof describeFilter>[0], formatTimestamp)).toBe(
    "status FAILED or CANCELLED, tag team=ml, created since <10:00>",
  );
});

test("progress is relative to the counted jobs", () => {
  expect(describeBulkProgress({ done: 40, refused: 10, dry_run: false }, 200)).toBe(
    "40 done, 10 refused of 200 jobs (25%)",
  );
});

test("jobs created after the count do not raise the progress above 100%", () => {
  expect(describeBulkProgress({ done: 12, refused: 0, dry_run: false }, 10)).toBe(
    "12 done, 0 refused of 12 jobs (100%)",
  );
});

test("the effect contains the number of jobs and mentions refused jobs", () => {
  expect(describeBulkEffect("delete", 1)).toMatch(/^Deletes 1 job .* can't undo .* are refused and do not change\.$/);
});

test("the end time that the API adds is not part of the requested filter", () => {
  const at = "2026-11-26T10:00:00Z";

  expect(requestedFilter({ filter: { tag: "a", until: at }, created_at: at })).toEqual({ tag: "a" });
  expect(requestedFilter({ filter: { tag: "a", until: "2026-01-01T00:00:00Z" }, created_at: at })).toHaveProperty(
    "until",
  );
});
