/** A job submission as JSON, curl, CLI command and Python, each ready to paste and run. */

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

/** Code that clones a job. There is no JSON form, because a clone reuses the stored inputs. */
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

/** Quotes a word for a POSIX shell. */
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

/** The CLI has no options for a deadline and a backoff, so the command omits them. */
function cli(spec: Spec): string {
  const { task_type: type = "", name, count, grid, inputs, inputs_uri: uri, params = {}, tags = {}, ...rest } = spec;
  const parts = [`shoal submit ${shellQuote(type)}`];
  if (count) parts.push(`--count ${count}`);
  for (const [key, axis] of Object.entries(grid ?? {})) parts.push(`--grid ${shellQuote(`${key}=${cliAxis(axis)}`)}`);
  if (inputs) parts.push("--inputs -");
  if (uri) parts.push(`--inputs ${shellQuote(uri)}`);
  for (const [key, value] of Object.entries(params)) {
    parts.push(`-p ${shellQuote(`${key}=${cliValue(value)}`)}`);
  }
  if (name) parts.push(`--name ${shellQuote(name)}`);
  for (const [key, value] of Object.entries(tags)) parts.push(`--tag ${shellQuote(`${key}=${value}`)}`);
  if (rest.priority && rest.priority !== "normal") parts.push(`--priority ${rest.priority}`);
  if (rest.chunk_size && rest.chunk_size !== "auto") parts.push(`--chunk-size ${rest.chunk_size}`);
  if (rest.max_parallelism) parts.push(`--max-parallelism ${rest.max_parallelism}`);
  if (rest.timeout) parts.push(`--task-timeout ${rest.timeout}`);
  if (rest.max_failed !== undefined && rest.max_failed !== null) parts.push(`--max-failed ${rest.max_failed}`);
  if (rest.retry?.max_attempts) parts.push(`--max-attempts ${rest.retry.max_attempts}`);
  const command = parts.join(" \\\n  ");
  return inputs ? `${command} <<'END'\n${inputs.map((each) => JSON.stringify(each)).join("\n")}\nEND` : command;
}

/** A value for the CLI, which parses values as JSON and treats invalid JSON as a string. */
function cliValue(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    JSON.parse(value);
    return JSON.stringify(value); // otherwise the CLI would read "5" as a number
  } catch {
    return value;
  }
}

function cliAxis(axis: unknown): string {
  if (Array.isArray(axis)) {
    const values = axis.map(cliValue);
    return values.some((each) => each.includes(",")) ? JSON.stringify(axis) : values.join(",");
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
