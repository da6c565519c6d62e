import { expect, test } from "vitest";
import { mergeRows, type ActivityRow, lifecycleRows } from "./lifecycle";

const at = (second: number, id = String(second)): ActivityRow => ({
  id,
  at: `2026-11-27T00:00:0${second}.000Z`,
  what: "",
  who: "",
  job_id: null,
  detail: {},
});
const ids = (steps: ActivityRow[]): string => steps.map(({ id }) => id).join(" ");
const begin = at(2, "begin");
const end = at(7, "end");

test.each([
  ["the only page", [at(8), at(1)], { first: true, last: true }, "8 end begin 1"],
  ["the first of several", [at(6), at(5)], { first: true, last: false }, "end 6 5"],
  ["one between", [at(4), at(3)], { first: false, last: false }, "4 3"],
  ["the last", [at(3), at(1)], { first: false, last: true }, "3 begin 1"],
  ["one with nothing on it", [], { first: true, last: true }, "end begin"],
])("a job's own steps stand where they belong: %s", (_, done, place, expected) => {
  expect(ids(mergeRows(done, [begin, end], place))).toBe(expected);
});

test("a step names its generation from the second on, and why the job ended", () => {
  const job = { id: "job_1", generation: 2, status: "FAILED", reason: "1 of 2 tasks failed" } as const;
  const times = { started_at: "2026-11-27T00:00:00Z", finished_at: "2026-11-27T00:01:00Z" };

  const steps = lifecycleRows({ ...job, ...times } as Parameters<typeof lifecycleRows>[0]);

  expect(steps.map(({ what, detail }) => [what, detail])).toEqual([
    ["Started", { generation: "2" }],
    ["Failed", { generation: "2", reason: "1 of 2 tasks failed" }],
  ]);
});
