import { expect, test } from "vitest";
import { EMPTY_DRAFT, validateDraft } from "./draft";
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

const validate = (part: Partial<typeof EMPTY_DRAFT>) => validateDraft({ ...EMPTY_DRAFT, ...part }, "thumb", fields);

test("a submission omits blank fields", () => {
  const { submission, errors } = validate({
    count: "200",
    params: { key: "a.jpg", size: "" },
    name: "n",
    tags: "team=ml",
  });

  expect(errors).toEqual({});
  expect(submission).toEqual({
    task_type: "thumb",
    name: "n",
    count: 200,
    params: { key: "a.jpg" },
    tags: { team: "ml" },
  });
});

test("a grid multiplies its axes, and its fields are not parameters", () => {
  const { submission, tasks, errors } = validate({
    source: "grid",
    axes: [
      { id: 0, field: "key", values: "a, b, c" },
      { id: 1, field: "size", values: "1..101" },
    ],
  });

  expect([tasks, errors]).toEqual([300, {}]);
  expect(submission.grid).toEqual({ key: ["a", "b", "c"], size: { range: [1, 101] } });
});

test("rejects more than a million tasks", () => {
  const { errors } = validate({
    source: "grid",
    axes: [
      { id: 0, field: "size", values: "0..1001" },
      { id: 1, field: "limit", values: "0..1000" },
    ],
    params: { key: "a" },
  });

  expect(errors.tasks).toMatch("at most 1,000,000 tasks; this job has 1,001,000");
});

test("validates each row of JSON Lines, and reports the line of an error", () => {
  const lines = [
    '{"key": "a"}',
    "not json",
    '{"size": 5}',
    "",
    '{"key": "b", "size": 5000}',
    '{"key": "c", "other": 1}',
  ];

  const { rows, errors } = validate({ source: "rows", rows: lines.join("\n") });

  expect(errors.rows).toBeDefined();
  expect(rows?.inputs).toEqual([{ key: "a" }]);
  expect(rows?.errors).toEqual([
    { line: 2, message: "invalid JSON" },
    { line: 3, message: "key is required" },
    { line: 5, message: "size must be at most 4096" },
    { line: 6, message: "unknown field: other" },
  ]);
});

test("parses CSV with quotes by the types of the fields, and reports the line of an error", () => {
  const text = 'key,size,mode\n"a,b",5,exact\nc,,fast\n"d\n""e""",7,fast\nf,many,fast\n';

  const { rows } = validate({ source: "rows", rows: text });

  expect(rows?.inputs).toEqual([
    { key: "a,b", size: 5, mode: "exact" },
    { key: "c", mode: "fast" },
    { key: 'd\n"e"', size: 7, mode: "fast" },
  ]);
  expect(rows?.errors).toEqual([{ line: 6, message: "size must be a number" }]);
});

test("reports an error for each invalid field", () => {
  const { errors } = validate({ params: { key: "a" }, count: "0", attempts: "x", timeout: "-1", tags: "team" });

  expect(Object.keys(errors).sort()).toEqual(["attempts", "count", "tags", "timeout"]);
});

test("a constant is a choice of one value", () => {
  const [mode] = fieldsOf({ properties: { mode: { const: "fast", type: "string" } } });

  expect([mode?.kind, mode?.schema.enum]).toEqual(["choice", ["fast"]]);
});

test("the form leaves the pattern of a worker to the API", () => {
  const key = { type: "string", pattern: "^(a+)+$" };
  const hostile = fieldsOf({ properties: { key } });
  const lines = JSON.stringify({ key: `${"a".repeat(40)}!` });

  const { errors } = validateDraft({ ...EMPTY_DRAFT, source: "rows", rows: lines }, "thumb", hostile);

  expect(errors).toEqual({});
});
