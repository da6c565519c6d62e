import { expect, test } from "vitest";
import { makeJob } from "../../../tests/fake-network";
import { type ActivityRow, lifecycleRows, mergeRows } from "./activity-rows";

const rowAt = (second: number, id = String(second)): ActivityRow => ({
  id,
  at: `2026-11-27T00:00:0${second}.000Z`,
  action: "",
  user: "",
  job_id: null,
  detail: {},
});
const ids = (rows: ActivityRow[]): string => rows.map(({ id }) => id).join(" ");
const start = rowAt(2, "start");
const end = rowAt(7, "end");

test.each([
  ["a single page", [rowAt(8), rowAt(1)], { first: true, last: true }, "8 end start 1"],
  ["the first page", [rowAt(6), rowAt(5)], { first: true, last: false }, "end 6 5"],
  ["a page in between", [rowAt(4), rowAt(3)], { first: false, last: false }, "4 3"],
  ["the last page", [rowAt(3), rowAt(1)], { first: false, last: true }, "3 start 1"],
  ["an empty page", [], { first: true, last: true }, "end start"],
])("adds the lifecycle rows in the time range of %s", (_, events, page, expected) => {
  expect(ids(mergeRows(events, [start, end], page))).toBe(expected);
});

test("lifecycle rows contain the generation of a retried job, and the reason for its end", () => {
  const job = makeJob({
    generation: 2,
    status: "FAILED",
    reason: "some reason",
    started_at: "2026-11-27T00:00:00Z",
    finished_at: "2026-11-27T00:01:00Z",
  });

  const rows = lifecycleRows(job);

  expect(rows.map(({ action, detail }) => [action, detail])).toEqual([
    ["Started", { generation: "2" }],
    ["Failed", { generation: "2", reason: "some reason" }],
  ]);
});
