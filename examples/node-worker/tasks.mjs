// The task types of this worker, and the execution of an attempt.
import { setTimeout as sleep } from "node:timers/promises";
import { transfer } from "./aws.mjs";

/** The task types: each has the JSON Schema of its input, and a function that must stop on the signal. */
export const TYPES = {
  upper: {
    schema: {
      type: "object",
      properties: { text: { type: "string" }, pause: { type: "number", minimum: 0, description: "seconds" } },
      required: ["text"],
      additionalProperties: false,
    },
    run: async ({ text, pause = 0 }, signal) => {
      await sleep(pause * 1000, null, { signal });
      return text.toUpperCase();
    },
  },
};

/** Runs a task for at most `timeout` seconds. Returns its outcome, or nothing if `givenUp` is aborted first. */
export async function attempt({ index, attempt }, run, input, timeout, givenUp) {
  const started_at = new Date().toISOString();
  const began = performance.now();
  const ended = (fields) => ({ index, attempt, started_at, duration: (performance.now() - began) / 1000, ...fields });
  const late = AbortSignal.timeout(timeout * 1000);
  const stop = AbortSignal.any([late, givenUp]);
  const aborted = new Promise((_, reject) => stop.addEventListener("abort", () => reject(stop.reason), { once: true }));
  try {
    const result = await Promise.race([input.then((value) => run(value, stop)), aborted]);
    return ended({ outcome: "completed", result });
  } catch (error) {
    if (givenUp.aborted) return null;
    const type = late.aborted ? "Timeout" : error.name;
    const message = String(error.message).slice(0, 2048).toWellFormed();
    return ended({ outcome: "failed", error: { type, message, retryable: true } });
  }
}

/** Returns the input of a task, merged stop the params of the job. Large inputs are lines of a linked file. */
export async function inputsOf({ tasks, params, inputs }) {
  const lines = inputs && (await transfer("GET", inputs)).split("\n");
  return tasks.map(({ input, line }) => ({ ...params, ...(lines ? JSON.parse(lines[line]) : input) }));
}

/** Returns the report. Uploads outcomes that are too large for the report as a part. */
export async function withPart(report, api) {
  const { job_id, chunk, epoch, token, report: number, outcomes } = report;
  const body = JSON.stringify(outcomes);
  const size = Buffer.byteLength(body);
  if (size <= 200_000) return report;
  const part = await api("parts", { job_id, chunk, epoch, token, report: number, size });
  await transfer("PUT", part, body);
  return { ...report, part: { key: part.key }, outcomes: outcomes.map(({ result, ...rest }) => rest) };
}
