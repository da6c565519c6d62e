import { expect, test } from "vitest";
import { validateDraft, EMPTY_DRAFT } from "./draft";
import { fieldsOf } from "./parameter-schema";

const fields = fieldsOf({
  properties: {
    key: { type: "string", minLength: 1 },
    size: { type: "integer", minimum: 1, maximum: 4096, default: 64 },
    mode: { enum: ["fast", "exact"], default: "fast" },
    limit: { anyOf: [{ type: "number" }, { type: "null" }], default: null },
  },
  required: ["key"],
});

const checked = (part: Partial<typeof EMPTY_DRAFT>) => validateDraft({ ...EMPTY_DRAFT, ...part }, "thumb", fields);

test("a number of tasks with parameters becomes a submission without what was left empty", () => {
  const { spec, errors } = checked({ count: "200", params: { key: "a.jpg", size: "" }, name: "n", tags: "team=ml" });

  expect(errors).toEqual({});
  expect(spec).toEqual({ task_type: "thumb", name: "n", count: 200, params: { key: "a.jpg" }, tags: { team: "ml" } });
});

test("a grid multiplies, and its fields are no parameters", () => {
  const { spec, tasks, errors } = checked({
    source: "grid",
    axes: [
      { id: 0, field: "key", values: "a, b, c" },
      { id: 1, field: "size", values: "1..101" },
    ],
  });

  expect([tasks, errors]).toEqual([300, {}]);
  expect(spec.grid).toEqual({ key: ["a", "b", "c"], size: { range: [1, 101] } });
});

test("over a million tasks are refused before they are sent", () => {
  const { errors } = checked({
    source: "grid",
    axes: [
      { id: 0, field: "size", values: "0..1001" },
      { id: 1, field: "limit", values: "0..1000" },
    ],
    params: { key: "a" },
  });

  expect(errors.tasks).toMatch("1,001,000 tasks are over");
});

test("each row of JSON Lines is checked by itself and named by its line", () => {
  const rows = [
    '{"key": "a"}',
    "not json",
    '{"size": 5}',
    "",
    '{"key": "b", "size": 5000}',
    '{"key": "c", "other": 1}',
  ];

  const { rows: found, errors } = checked({ source: "rows", rows: rows.join("\n") });

  expect(errors.rows).toBeDefined();
  expect(found?.inputs).toEqual([{ key: "a" }]);
  expect(found?.faults).toEqual([
    { line: 2, message: "is not JSON" },
    { line: 3, message: "key is missing" },
    { line: 5, message: "size must be at most 4096" },
    { line: 6, message: "other is not a field of this task type" },
  ]);
});

test("CSV is read by its fields' kinds, with quotes, and a wrong cell has its line", () => {
  const text = 'key,size,mode\n"a,b",5,exact\nc,,fast\n"d\n""e""",7,fast\nf,many,fast\n';

  const { rows } = checked({ source: "rows", rows: text });

  expect(rows?.inputs).toEqual([
    { key: "a,b", size: 5, mode: "exact" },
    { key: "c", mode: "fast" },
    { key: 'd\n"e"', size: 7, mode: "fast" },
  ]);
  expect(rows?.faults).toEqual([{ line: 6, message: "size must be a number" }]);
});

test("each policy that is wrong is named", () => {
  const { errors } = checked({ params: { key: "a" }, count: "0", attempts: "x", timeout: "-1", tags: "team" });

  expect(Object.keys(errors).sort()).toEqual(["attempts", "count", "tags", "timeout"]);
});
