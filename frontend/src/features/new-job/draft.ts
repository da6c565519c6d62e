/** The draft of a job in the form, and its validation into a submission. */

import type { JobSubmission, Priority } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";
import { type InputRows, parseRows } from "./input-rows";
import { type Field, parseValue } from "./parameter-schema";

export type TaskSource = "count" | "grid" | "rows";

export interface Axis {
  id: number;
  field: string;
  /** Values separated by commas, or a range such as 0..100, which excludes its end. */
  values: string;
}

export interface Draft {
  name: string;
  source: TaskSource;
  count: string;
  axes: Axis[];
  rows: string;
  /** By field name. A blank text leaves the field at its default. */
  params: Record<string, string>;
  priority: Priority;
  attempts: string;
  backoff: string;
  timeout: string;
  maxParallelism: string;
  maxFailed: string;
  chunkSize: string;
  /** key=value pairs, separated by commas. */
  tags: string;
}

export const EMPTY_DRAFT: Draft = {
  name: "",
  source: "count",
  count: "1",
  axes: [{ id: 0, field: "", values: "" }],
  rows: "",
  params: {},
  priority: "normal",
  attempts: "",
  backoff: "",
  timeout: "",
  maxParallelism: "",
  maxFailed: "",
  chunkSize: "",
  tags: "",
};

export type Submission = Partial<JobSubmission> & { task_type: string };

export interface ValidatedDraft {
  submission: Submission;
  tasks: number;
  rows: InputRows | null;
  /** Messages by the name of the invalid field. */
  errors: Record<string, string>;
}

const MAX_TASKS = 1_000_000;

export function validateDraft(draft: Draft, taskType: string, fields: Field[]): ValidatedDraft {
  const errors: Record<string, string> = {};
  const attempt = <T>(name: string, parse: () => T): T | undefined => {
    try {
      return parse();
    } catch (error) {
      errors[name] = (error as Error).message;
      return undefined;
    }
  };
  const axisFields = new Set(draft.source === "grid" ? draft.axes.map((each) => each.field) : []);
  const params = parseParams(draft, fields, axisFields, errors);
  const submission: Submission = { task_type: taskType };
  if (draft.name.trim()) submission.name = draft.name.trim();
  const { tasks, rows } = addTasks(submission, draft, fields, new Set(Object.keys(params)), errors);
  if (Object.keys(params).length) submission.params = params;
  if (tasks > MAX_TASKS) {
    errors.tasks = `A job can have at most ${formatNumber(MAX_TASKS)} tasks; this job has ${formatNumber(tasks)}`;
  }
  if (draft.priority !== "normal") submission.priority = draft.priority;
  const integer = (name: keyof Draft, min: number) =>
    draft[name] === "" ? undefined : attempt(name, () => parseInteger(String(draft[name]), min));
  const chunkSize = integer("chunkSize", 1);
  if (chunkSize !== undefined) submission.chunk_size = chunkSize;
  const maxParallelism = integer("maxParallelism", 1);
  if (maxParallelism !== undefined) submission.max_parallelism = maxParallelism;
  const maxFailed = integer("maxFailed", 0);
  if (maxFailed !== undefined) submission.max_failed = maxFailed;
  const timeout = draft.timeout === "" ? undefined : attempt("timeout", () => parsePositive(draft.timeout));
  if (timeout !== undefined) submission.timeout = timeout;
  const attempts = integer("attempts", 1);
  const backoff = draft.backoff === "" ? undefined : attempt("backoff", () => parsePositive(draft.backoff));
  if (attempts !== undefined || backoff !== undefined) {
    submission.retry = { max_attempts: attempts ?? 1, ...(backoff === undefined ? {} : { backoff }) } as NonNullable<
      Submission["retry"]
    >;
  }
  const tags = attempt("tags", () => parseTags(draft.tags));
  if (tags && Object.keys(tags).length) submission.tags = tags;
  return { submission, tasks, rows, errors };
}

function parseParams(
  draft: Draft,
  fields: Field[],
  axisFields: ReadonlySet<string>,
  errors: Record<string, string>,
): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const field of fields) {
    const text = draft.params[field.name] ?? "";
    if (axisFields.has(field.name)) continue;
    if (text === "") {
      if (field.required && draft.source !== "rows") errors[`params.${field.name}`] = "is required";
      continue;
    }
    try {
      params[field.name] = parseValue(text, field);
    } catch (error) {
      errors[`params.${field.name}`] = (error as Error).message;
    }
  }
  return params;
}

/** Adds the tasks to the submission, and returns how many there are. */
function addTasks(
  submission: Submission,
  draft: Draft,
  fields: Field[],
  sharedParams: ReadonlySet<string>,
  errors: Record<string, string>,
): { tasks: number; rows: InputRows | null } {
  switch (draft.source) {
    case "count": {
      try {
        submission.count = parseInteger(draft.count, 1);
      } catch (error) {
        errors.count = (error as Error).message;
      }
      return { tasks: submission.count ?? 0, rows: null };
    }
    case "grid": {
      const grid: Record<string, unknown> = {};
      let tasks = 1;
      for (const axis of draft.axes) {
        try {
          const { value, size } = parseAxis(axis, fields);
          if (axis.field in grid) throw new Error("Choose each field only once");
          grid[axis.field] = value;
          tasks *= size;
        } catch (error) {
          errors[`axis.${axis.id}`] = (error as Error).message;
        }
      }
      submission.grid = grid as NonNullable<Submission["grid"]>;
      return { tasks, rows: null };
    }
    case "rows": {
      const rows = parseRows(draft.rows, fields, sharedParams);
      if (!draft.rows.trim()) errors.rows = "Enter at least one row, or choose a file";
      else if (rows.errors.length) errors.rows = "Fix the invalid rows";
      submission.inputs = rows.inputs as NonNullable<Submission["inputs"]>;
      return { tasks: rows.inputs.length, rows };
    }
  }
}

export function parseAxis(axis: Axis, fields: Field[]): { value: unknown; size: number } {
  const field = fields.find((each) => each.name === axis.field);
  if (!field) throw new Error("Choose a field");
  const range = /^\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*$/.exec(axis.values);
  if (range) {
    const [start, end] = [Number(range[1]), Number(range[2])];
    if (end <= start) throw new Error("The end of the range must be greater than its start");
    return { value: { range: [start, end] }, size: end - start };
  }
  const values = axis.values
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean)
    .map((each) => parseValue(each, field));
  if (!values.length) throw new Error("Enter values separated by commas, or a range such as 0..100");
  return { value: values, size: values.length };
}

function parseTags(text: string): Record<string, string> {
  const pairs = text
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean)
    .map((each): [string, string] => {
      const separator = each.indexOf("=");
      if (separator < 1) throw new Error(`Invalid tag ${each}. Enter key=value pairs separated by commas.`);
      return [each.slice(0, separator).trim(), each.slice(separator + 1).trim()];
    });
  return Object.fromEntries(pairs);
}

function parseInteger(text: string, min: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text.trim()) || number < min) {
    throw new Error(`Enter a whole number greater than or equal to ${min}`);
  }
  return number;
}

function parsePositive(text: string): number {
  const number = Number(text);
  if (!text.trim() || !(number > 0)) throw new Error("Enter a number greater than 0");
  return number;
}
