/** One submission as JSON, curl, a command and Python, each to be pasted and run. */

import type { JobSubmission } from "@/lib/api/types";

export type SnippetFormat = "json" | "curl" | "cli" | "python";

export const SNIPPET_FORMATS: { id: SnippetFormat; text: string }[] = [
  { id: "json", text: "JSON" },
  { id: "curl", text: "curl" },
  { id: "cli", text: "CLI" },
  { id: "python", text: "Python" },
];

type Spec = Partial<JobSubmission>;

export function renderSubmission(form: SnippetFormat, spec: Spec, api: string): string {
  switch (form) {
    case "json":
      return JSON.stringify(spec, null, 2);
    case "curl":
      return curl(spec, api);
    case "cli":
      return cli(spec);
    case "python":
      return python(spec);
  }
}

/** The same for another job of the same making, whatever its inputs are: JSON cannot say that. */
export function renderClone(form: Exclude<SnippetFormat, "json">, id: string, api: string): string {
  switch (form) {
    case "curl":
      return [
        "curl --fail-with-body -X POST \\",
        '  -H "Authorization: Bearer $SHOAL_TOKEN" \\',
        `  ${api}/api/v1/jobs/${id}/clone`,
      ].join("\n");
    case "cli":
      return `shoal clone ${id}`;
    case "python":
      return [
        "from shoal.client import Shoal",
        "",
        "with Shoal.from_profile() as shoal:",
        `    job = shoal.job("${id}").clone()`,
        "    print(job.id)",
      ].join("\n");
  }
}

/** For a POSIX shell. */
const shellQuote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;

function curl(spec: Spec, api: string): string {
  return [
    "curl --fail-with-body \\",
    '  -H "Authorization: Bearer $SHOAL_TOKEN" -H "Content-Type: application/json" \\',
    `  -d ${shellQuote(JSON.stringify(spec))} \\`,
    `  ${api}/api/v1/jobs`,
  ].join("\n");
}

/** The command line has no option for a deadline and for the pauses between attempts; they are left out. */
function cli(spec: Spec): string {
  const { task_type: type = "", name, count, grid, inputs, inputs_uri: uri, params = {}, tags = {}, ...rest } = spec;
  const words = [`shoal submit ${shellQuote(type)}`];
  if (count) words.push(`--count ${count}`);
  for (const [key, axis] of Object.entries(grid ?? {})) words.push(`--grid ${shellQuote(`${key}=${axisWord(axis)}`)}`);
  if (inputs) words.push("--inputs -");
  if (uri) words.push(`--inputs ${shellQuote(uri)}`);
  for (const [key, value] of Object.entries(params)) {
    words.push(`-p ${shellQuote(`${key}=${valueWord(value)}`)}`);
  }
  if (name) words.push(`--name ${shellQuote(name)}`);
  for (const [key, value] of Object.entries(tags)) words.push(`--tag ${shellQuote(`${key}=${value}`)}`);
  if (rest.priority && rest.priority !== "normal") words.push(`--priority ${rest.priority}`);
  if (rest.chunk_size && rest.chunk_size !== "auto") words.push(`--chunk-size ${rest.chunk_size}`);
  if (rest.max_parallelism) words.push(`--max-parallelism ${rest.max_parallelism}`);
  if (rest.timeout) words.push(`--task-timeout ${rest.timeout}`);
  if (rest.max_failed !== undefined && rest.max_failed !== null) words.push(`--max-failed ${rest.max_failed}`);
  if (rest.retry?.max_attempts) words.push(`--max-attempts ${rest.retry.max_attempts}`);
  const line = words.join(" \\\n  ");
  return inputs ? `${line} <<'END'\n${inputs.map((each) => JSON.stringify(each)).join("\n")}\nEND` : line;
}

/** A value as the command line reads it: as JSON if it is any, else as the text that stands there. */
function valueWord(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    JSON.parse(value);
    return JSON.stringify(value); // "5" is no number
  } catch {
    return value;
  }
}

function axisWord(axis: unknown): string {
  if (Array.isArray(axis)) {
    const words = axis.map(valueWord);
    return words.some((each) => each.includes(",")) ? JSON.stringify(axis) : words.join(",");
  }
  const range = (axis as { range?: number[] }).range ?? [];
  return range.join("..");
}

function python(spec: Spec): string {
  const { task_type: type = "", ...rest } = spec;
  const args = Object.entries(rest).map(([name, value]) => `        ${name}=${literal(value)},`);
  return [
    "from shoal.client import Shoal",
    "",
    "with Shoal.from_profile() as shoal:",
    args.length
      ? `    job = shoal.submit(\n        ${JSON.stringify(type)},\n${args.join("\n")}\n    )`
      : `    job = shoal.submit(${JSON.stringify(type)})`,
    "    print(job.id)",
  ].join("\n");
}

function literal(value: unknown): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map((each) => literal(each)).join(", ")}]`;
  if (typeof value === "object") {
    const pairs = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${literal(each)}`);
    return `{${pairs.join(", ")}}`;
  }
  return JSON.stringify(value);
}
