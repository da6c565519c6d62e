// What this worker runs: its task types, and one attempt at a task, from its input to its outcome.
import { setTimeout as sleep } from "node:timers/promises";
import { transfer } from "./aws.mjs";

/** Each type has the JSON Schema of its input and a function of it, which should heed the signal. */
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

/** Run a task on a promised input for `timeout` seconds at most; its outcome, or none if `givenUp` came first. */
export async function attempt({ index, attempt }, run, input, timeout, givenUp) {
  const started_at = new Date().toISOString();
  const began = performance.now();
  const ended = (how) => ({ index, attempt, started_at, duration: (performance.now() - began) / 1000, ...how });
  const late = AbortSignal.timeout(timeout * 1000);
  const over = AbortSignal.any([late, givenUp]);
  const cut = new Promise((_, reject) => over.addEventListener("abort", () => reject(over.reason), { once: true }));
  try {
    const result = await Promise.race([input.then((value) => run(value, over)), cut]);
    return ended({ outcome: "completed", result });
  } catch (error) {
    if (givenUp.aborted) return null;
    const type = late.aborted ? "Timeout" : error.name;
    const message = String(error.message).slice(0, 2048).toWellFormed();
    return ended({ outcome: "failed", error: { type, message, retryable: true } });
  }
}

/** A task's input is the job's params under its own, or under its line of what a link reads. */
export async function inputsOf({ tasks, params, inputs }) {
  const lines = inputs && (await transfer("GET", inputs)).split("\n");
  return tasks.map(({ input, line }) => ({ ...params, ...(lines ? JSON.parse(lines[line]) : input) }));
}

/** The report; outcomes too large to travel in it are put where the API says. */
export async function lightened(report, api) {
  const { job_id, chunk, epoch, report: number, outcomes } = report;
  const body = JSON.stringify(outcomes);
  const size = Buffer.byteLength(body);
  if (size <= 200_000) return report;
  const part = await api("parts", { job_id, chunk, epoch, report: number, size });
  await transfer("PUT", part, body);
  return { ...report, part: { key: part.key }, outcomes: outcomes.map(({ result, ...rest }) => rest) };
}
