import { expect, test } from "vitest";
import { toBulkFilter, toJobsFilter, toPropertyFilter, parseSearch, fromPropertyFilter } from "./filters";

test("what the filter shows is what the address says, both ways", () => {
  const search = { status: "FAILED,RUNNING", type: "cpu", tag: "team=ml" };

  expect(fromPropertyFilter(toPropertyFilter(search))).toEqual(search);
});

test("a free text is the beginning of a name", () => {
  expect(fromPropertyFilter({ operation: "and", tokens: [{ operator: ":", value: "nightly" }] })).toEqual({
    name: "nightly",
  });
});

test("statuses that do not exist are not asked for", () => {
  expect(toJobsFilter(parseSearch({ status: "FAILED,LOST", junk: "x" })).statuses).toEqual(["FAILED"]);
});

test("an action on all that match has the filter of the list, and without one there is none", () => {
  const now = Date.parse("2026-11-26T10:00:00Z");

  expect(toBulkFilter({ status: "FAILED,NONSENSE", tag: "team=ml", created: "1h" }, now)).toEqual({
    status: ["FAILED"],
    tag: "team=ml",
    since: "2026-11-26T09:00:00.000Z",
  });
  expect(toBulkFilter({ status: "NONSENSE" }, now)).toBeNull();
});
