// A Shoal worker in Node, without dependencies: `node worker.mjs [high|normal|low]`, the queue that it drains.
// docs/reference/worker-protocol.md says what each call means.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Refused, apiOf, queueOf } from "./aws.mjs";
import { TYPES, attempt, inputsOf, lightened } from "./tasks.mjs";

const env = process.env;
const lease = Number(env.SHOAL_LEASE_SECONDS ?? 60); // the deployment's
const worker = `${hostname()}-${process.pid}`;
const api = apiOf(env.SHOAL_API_URL, worker);
const queue = queueOf(env[`SHOAL_QUEUE_${(process.argv[2] ?? "normal").toUpperCase()}_URL`]);
const hide = (ReceiptHandle, seconds) =>
  queue("ChangeMessageVisibility", { ReceiptHandle, VisibilityTimeout: Math.ceil(seconds) });
const leaving = new AbortController();
for (const name of ["SIGTERM", "SIGINT"]) process.once(name, () => leaving.abort());

/** One slot: a message, its chunk, the next message, until told to leave. */
async function serve() {
  const wanted = { MaxNumberOfMessages: 1, WaitTimeSeconds: 20, VisibilityTimeout: Math.ceil(lease) };
  while (!leaving.signal.aborted) {
    const { Messages: [message] = [] } = await queue("ReceiveMessage", wanted, leaving.signal).catch(unlessLeaving);
    if (message) await handle(message).catch(unlessRefused);
  }
}

async function handle({ Body, ReceiptHandle }) {
  const { job, chunk } = JSON.parse(Body);
  const asked = { request_id: randomUUID(), chunks: [{ job_id: job, chunk }] };
  const { leases: [given] } = await api("leases", asked); // under the same id until an answer comes
  if (given.decision === "held") return hide(ReceiptHandle, given.retry_after || lease);
  const end = given.decision === "granted" ? await work(given, ReceiptHandle) : given.decision;
  console.log(`${job} chunk ${chunk} epoch ${given.epoch ?? "-"}: ${end}`);
  if (end !== "stale") await queue("DeleteMessage", { ReceiptHandle }); // of a lost lease it is another's
}

/** Run a granted chunk's tasks in their order, under heartbeats, and report; the decision on the last report. */
async function work(given, receipt) {
  const { job_id, chunk, epoch } = given, type = TYPES[given.task_type], since = Date.now();
  const lost = new AbortController(), done = new AbortController();
  const stop = AbortSignal.any([lost.signal, leaving.signal]);
  let number = 0, outcomes = [], index = null, paused = false;
  const report = async (final) => {
    const own = { job_id, chunk, epoch, report: ++number, final, outcomes: outcomes.splice(0) };
    return (await api("reports", { reports: [await lightened(own, api)] })).reports[0].decision;
  };
  const heart = beat(done.signal, async () => {
    await hide(receipt, lease);
    const { leases: [told] } = await api("heartbeats", { leases: [{ job_id, chunk, epoch, index }] });
    if (told.decision !== "extended") lost.abort(told.decision); // stale or cancelled
    else if (Date.now() - since > 11 * 3_600_000) lost.abort("old"); // SQS hides a message for 12 hours in all
    paused = told.directive === "pause";
  });
  try {
    const inputs = inputsOf(given);
    inputs.catch(() => {}); // the tasks' outcomes tell
    if (!type) await sleep(30_000, null, { signal: stop }).catch(() => {}); // then another worker may get it
    for (const [place, task] of type ? given.tasks.entries() : []) {
      if (stop.aborted || paused) break;
      index = task.index;
      const input = inputs.then((all) => all[place]);
      const outcome = await attempt(task, type.run, input, given.timeout, lost.signal);
      if (outcome) outcomes.push(outcome);
      const told = outcome && given.isolated ? await report(false) : "accepted";
      if (told !== "accepted") return told;
    }
    return ["stale", "cancelled"].includes(lost.signal.reason) ? lost.signal.reason : await report(true);
  } finally {
    done.abort();
    await heart;
  }
}

async function beat(signal, once) {
  while (!signal.aborted) {
    await sleep((lease * 1000) / 3, null, { signal }).catch(() => {});
    if (!signal.aborted) await once().catch(unlessRefused);
  }
}

function unlessLeaving(error) {
  if (!leaving.signal.aborted) throw error;
  return {};
}

function unlessRefused(error) {
  if (!(error instanceof Refused)) throw error;
  console.error(error.message); // the message stays; the lease lapses, and the chunk comes again
}

await api("workers", { task_types: Object.entries(TYPES).map(([name, { schema }]) => ({ name, schema })) });
console.log(`${worker} offers ${Object.keys(TYPES)}`);
await Promise.all(Array.from({ length: Number(env.SHOAL_SLOTS ?? 4) }, serve));
