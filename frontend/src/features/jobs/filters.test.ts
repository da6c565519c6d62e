import { expect, test } from "vitest";
import { filterOf, queryOf, readSearch, searchOf } from "./filters";

test("what the filter shows is what the address says, both ways", () => {
  const search = { status: "FAILED,RUNNING", type: "cpu", tag: "team=ml" };

  expect(searchOf(queryOf(search))).toEqual(search);
});

test("a free text is the beginning of a name", () => {
  expect(searchOf({ operation: "and", tokens: [{ operator: ":", value: "nightly" }] })).toEqual({ name: "nightly" });
});

test("statuses that do not exist are not asked for", () => {
  expect(filterOf(readSearch({ status: "FAILED,LOST", junk: "x" })).statuses).toEqual(["FAILED"]);
});
