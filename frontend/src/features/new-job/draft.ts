/** A job that is being written, and the submission that it makes. */

import type { JobSubmission, Priority } from "@/lib/api/types";
import { type Field, parseValue } from "./parameter-schema";
import { parseRows, type InputRows } from "./input-rows";

export type Source = "count" | "grid" | "rows";

export interface Axis {
  id: number;
  field: string;
  /** Values with commas between, or a range of whole numbers: 0..100, where 100 is not reached. */
  values: string;
}

export interface Draft {
  name: string;
  source: Source;
  count: string;
  axes: Axis[];
  rows: string;
  /** By field; an empty text leaves the field to its default. */
  params: Record<string, string>;
  priority: Priority;
  attempts: string;
  backoff: string;
  timeout: string;
  maxParallelism: string;
  maxFailed: string;
  chunkSize: string;
  /** key=value, with commas between. */
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

export type Spec = Partial<JobSubmission> & { task_type: string };

export interface ValidatedDraft {
  spec: Spec;
  tasks: number;
  rows: InputRows | null;
  /** By name of what is wrong. */
  errors: Record<string, string>;
}

const MOST = 1_000_000;

export function validateDraft(draft: Draft, taskType: string, fields: Field[]): ValidatedDraft {
  const errors: Record<string, string> = {};
  const attempt = <T>(name: string, made: () => T): T | undefined => {
    try {
      return made();
    } catch (error) {
      errors[name] = (error as Error).message;
      return undefined;
    }
  };
  const gridded = new Set(draft.source === "grid" ? draft.axes.map((each) => each.field) : []);
  const params = paramsOf(draft, fields, gridded, errors);
  const spec: Spec = { task_type: taskType };
  if (draft.name.trim()) spec.name = draft.name.trim();
  const { tasks, rows } = addTasks(spec, draft, fields, new Set(Object.keys(params)), errors);
  if (Object.keys(params).length) spec.params = params;
  if (tasks > MOST) errors.tasks = `${tasks.toLocaleString("en")} tasks are over the 1,000,000 that a job may have`;
  if (draft.priority !== "normal") spec.priority = draft.priority;
  const whole = (name: keyof Draft, least: number) =>
    draft[name] === "" ? undefined : attempt(name, () => wholeNumber(String(draft[name]), least));
  const chunk = whole("chunkSize", 1);
  if (chunk !== undefined) spec.chunk_size = chunk;
  const most = whole("maxParallelism", 1);
  if (most !== undefined) spec.max_parallelism = most;
  const failed = whole("maxFailed", 0);
  if (failed !== undefined) spec.max_failed = failed;
  const timeout = draft.timeout === "" ? undefined : attempt("timeout", () => positive(draft.timeout));
  if (timeout !== undefined) spec.timeout = timeout;
  const attempts = whole("attempts", 1);
  const backoff = draft.backoff === "" ? undefined : attempt("backoff", () => positive(draft.backoff));
  if (attempts !== undefined || backoff !== undefined) {
    spec.retry = { max_attempts: attempts ?? 1, ...(backoff === undefined ? {} : { backoff }) } as NonNullable<
      Spec["retry"]
    >;
  }
  const tags = attempt("tags", () => tagsOf(draft.tags));
  if (tags && Object.keys(tags).length) spec.tags = tags;
  return { spec, tasks, rows, errors };
}

function paramsOf(
  draft: Draft,
  fields: Field[],
  gridded: ReadonlySet<string>,
  errors: Record<string, string>,
): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const field of fields) {
    const text = draft.params[field.name] ?? "";
    if (gridded.has(field.name)) continue;
    if (text === "") {
      if (field.required && draft.source !== "rows") errors[`params.${field.name}`] = "is needed";
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

function addTasks(
  spec: Spec,
  draft: Draft,
  fields: Field[],
  shared: ReadonlySet<string>,
  errors: Record<string, string>,
): { tasks: number; rows: InputRows | null } {
  switch (draft.source) {
    case "count": {
      try {
        spec.count = wholeNumber(draft.count, 1);
      } catch (error) {
        errors.count = (error as Error).message;
      }
      return { tasks: spec.count ?? 0, rows: null };
    }
    case "grid": {
      const grid: Record<string, unknown> = {};
      let tasks = 1;
      for (const axis of draft.axes) {
        try {
          const { value, size } = parseAxis(axis, fields);
          if (axis.field in grid) throw new Error("stands twice");
          grid[axis.field] = value;
          tasks *= size;
        } catch (error) {
          errors[`axis.${axis.id}`] = (error as Error).message;
        }
      }
      spec.grid = grid as NonNullable<Spec["grid"]>;
      return { tasks, rows: null };
    }
    case "rows": {
      const rows = parseRows(draft.rows, fields, shared);
      if (!draft.rows.trim()) errors.rows = "Paste or choose at least one row";
      else if (rows.faults.length) errors.rows = "Mend the rows that are named";
      spec.inputs = rows.inputs as NonNullable<Spec["inputs"]>;
      return { tasks: rows.inputs.length, rows };
    }
  }
}

export function parseAxis(axis: Axis, fields: Field[]): { value: unknown; size: number } {
  const field = fields.find((each) => each.name === axis.field);
  if (!field) throw new Error("Choose a field");
  const range = /^\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*$/.exec(axis.values);
  if (range) {
    const [from, to] = [Number(range[1]), Number(range[2])];
    if (to <= from) throw new Error("The range is empty");
    return { value: { range: [from, to] }, size: to - from };
  }
  const values = axis.values
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean)
    .map((each) => parseValue(each, field));
  if (!values.length) throw new Error("Give values with commas between, or a range such as 0..100");
  return { value: values, size: values.length };
}

function tagsOf(text: string): Record<string, string> {
  const pairs = text
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean)
    .map((each): [string, string] => {
      const cut = each.indexOf("=");
      if (cut < 1) throw new Error(`${each}: write key=value, with commas between`);
      return [each.slice(0, cut).trim(), each.slice(cut + 1).trim()];
    });
  return Object.fromEntries(pairs);
}

function wholeNumber(text: string, least: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text.trim()) || number < least) throw new Error(`Give a whole number, at least ${least}`);
  return number;
}

function positive(text: string): number {
  const number = Number(text);
  if (!text.trim() || !(number > 0)) throw new Error("Give a number over 0");
  return number;
}
