import { expect, test } from "vitest";
import { requestedFilter, describeBulkEffect, describeBulkProgress, describeFilter } from "./descriptions";

const moment = (at: string): string => `at ${at}`;

test("a filter is told in words, without what it does not ask", () => {
  expect(
    describeFilter(
      { status: ["FAILED", "CANCELLED"], tag: "team=ml", name: "", type: null, since: "2026-11-26T10:00:00Z" },
      moment,
    ),
  ).toBe("status FAILED or CANCELLED, tag team=ml, created since at 2026-11-26T10:00:00Z");
});

test("how far it is, of what was counted", () => {
  expect(describeBulkProgress({ done: 40, refused: 10, dry_run: false }, 200)).toBe(
    "40 done, 10 refused, of 200 jobs (25%)",
  );
});

test("jobs that came after the count never make more than all", () => {
  expect(describeBulkProgress({ done: 12, refused: 0, dry_run: false }, 10)).toBe(
    "12 done, 0 refused, of 12 jobs (100%)",
  );
});

test("the effect says how many jobs, and that some may be refused", () => {
  expect(describeBulkEffect("delete", 1)).toMatch(
    /^1 job: .* cannot be undone\. A job that it does not fit is refused/,
  );
});

test("the end that the API adds to a filter is not told, one that was asked for is", () => {
  const at = "2026-11-26T10:00:00Z";

  expect(requestedFilter({ filter: { tag: "a", until: at }, created_at: at })).toEqual({ tag: "a" });
  expect(requestedFilter({ filter: { tag: "a", until: "2026-01-01T00:00:00Z" }, created_at: at })).toHaveProperty(
    "until",
  );
});
