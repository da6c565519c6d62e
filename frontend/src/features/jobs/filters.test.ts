import { expect, test } from "vitest";
import { fromPropertyFilter, parseSearch, toBulkFilter, toJobsFilter, toPropertyFilter } from "./filters";

test("converts search parameters to a property filter and back", () => {
  const search = { status: "FAILED,RUNNING", type: "cpu", tag: "team=ml" };

  expect(fromPropertyFilter(toPropertyFilter(search))).toEqual(search);
});

test("free text filters by a prefix of the name", () => {
  expect(fromPropertyFilter({ operation: "and", tokens: [{ operator: ":", value: "nightly" }] })).toEqual({
    name: "nightly",
  });
});

test("ignores unknown statuses", () => {
  expect(toJobsFilter(parseSearch({ status: "FAILED,LOST", junk: "x" })).statuses).toEqual(["FAILED"]);
});

test("a bulk action has the filter of the list, and there is none without a filter", () => {
  const now = Date.parse("2026-11-26T10:00:00Z");

  expect(toBulkFilter({ status: "FAILED,NONSENSE", tag: "team=ml", created: "1h" }, now)).toEqual({
    status: ["FAILED"],
    tag: "team=ml",
    since: "2026-11-26T09:00:00.000Z",
  });
  expect(toBulkFilter({ status: "NONSENSE" }, now)).toBeNull();
});
