// A Shoal worker in Node without dependencies. Usage: `node worker.mjs [high|normal|low]` with the queue to use.
// docs/reference/worker-protocol.md describes the calls.
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Refused, apiOf, queueOf } from "./aws.mjs";
import { TYPES, attempt, inputsOf, withPart } from "./tasks.mjs";

const env = process.env;
const lease = Number(env.SHOAL_LEASE_SECONDS ?? 60); // must equal the setting of the deployment
const worker = `${hostname()}-${process.pid}`;
const api = apiOf(env.SHOAL_API_URL, worker);
const queue = queueOf(env[`SHOAL_QUEUE_${(process.argv[2] ?? "normal").toUpperCase()}_URL`]);
const hide = (ReceiptHandle, seconds) =>
  queue("ChangeMessageVisibility", { ReceiptHandle, VisibilityTimeout: Math.ceil(seconds) });
const leaving = new AbortController();
for (const name of ["SIGTERM", "SIGINT"]) process.once(name, () => leaving.abort());

/** Runs one slot: receives a message, runs its chunk, and repeats until the worker stops. */
async function serve() {
  const request = { MaxNumberOfMessages: 1, WaitTimeSeconds: 20, VisibilityTimeout: Math.ceil(lease) };
  while (!leaving.signal.aborted) {
    const { Messages: [message] = [] } = await queue("ReceiveMessage", request, leaving.signal).catch(unlessLeaving);
    if (message) await handle(message).catch(unlessRefused);
  }
}

async function handle({ Body, ReceiptHandle }) {
  const { job, chunk } = JSON.parse(Body);
  const secret = randomBytes(32).toString("hex"); // the token of the lease follows from it
  const request = { request_id: secret, chunks: [{ job_id: job, chunk }], ...(protocol >= 2 && { task_types: Object.keys(TYPES) }), ...(protocol >= 3 && { tokens: true }) };
  const { leases: [grant] } = await api("leases", request); // retries use the same request id
  if (grant.decision === "held") return hide(ReceiptHandle, grant.retry_after || lease);
  const end = grant.decision === "granted" ? await work(grant, ReceiptHandle) : grant.decision;
  console.log(`${job} chunk ${chunk} epoch ${grant.epoch ?? "-"}: ${end}`);
  if (end !== "stale") await queue("DeleteMessage", { ReceiptHandle }); // after a lost lease, the message belongs to another worker
  if (end === "type_not_offered" && grant.retry_after) // a worker that offers the type must be able to receive the message
    await sleep(grant.retry_after * 1000, null, { signal: leaving.signal }).catch(() => {});
}

/** Runs the tasks of a leased chunk in order, with heartbeats and reports. Returns the last decision. */
async function work(grant, receipt) {
  const { job_id, chunk, epoch, token } = grant, type = TYPES[grant.task_type], since = Date.now();
  const lost = new AbortController(), done = new AbortController();
  const stop = AbortSignal.any([lost.signal, leaving.signal]);
  let number = 0, outcomes = [], index = null, paused = false;
  const report = async (final) => {
    const own = { job_id, chunk, epoch, token, report: ++number, final, outcomes: outcomes.splice(0) };
    return (await api("reports", { reports: [await withPart(own, api)] })).reports[0].decision;
  };
  const beat = async () => {
    const { leases: [answer] } = await api("heartbeats", { leases: [{ job_id, chunk, epoch, token, index }] });
    if (answer.decision !== "extended") lost.abort(answer.decision); // stale or cancelled
    else if (Date.now() - since > 11 * 3_600_000) lost.abort("old"); // SQS limits visibility to 12 hours in total
    paused = answer.directive === "pause";
  };
  const heartbeats = repeat(done.signal, async () => { // the calls are independent: neither skips the other if it fails
    const calls = await Promise.allSettled([beat(), hide(receipt, lease)]);
    for (const { reason } of calls) if (reason) unlessRefused(reason);
  });
  try {
    const inputs = inputsOf(grant);
    inputs.catch(() => {}); // the outcomes of the tasks report the error
    for (const [position, task] of type ? grant.tasks.entries() : []) {
      if (stop.aborted || paused) break;
      index = task.index;
      if (grant.isolated) await beat(); // names the task before it starts: if it kills this process, the API knows which one it was
      if (stop.aborted || paused) break;
      const input = inputs.then((all) => all[position]);
      const outcome = await attempt(task, type.run, input, grant.timeout, lost.signal);
      if (outcome) outcomes.push(outcome);
      const decision = outcome && grant.isolated ? await report(false) : "accepted";
      if (decision !== "accepted") return decision;
    }
    return ["stale", "cancelled"].includes(lost.signal.reason) ? lost.signal.reason : await report(true);
  } finally {
    done.abort();
    await heartbeats;
  }
}

async function repeat(signal, once) {
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
  console.error(error.message); // the lease lapses, and SQS delivers the message again
}

const { protocol = 1 } = await api("workers", { task_types: Object.entries(TYPES).map(([name, { schema }]) => ({ name, schema })) });
console.log(`${worker} offers ${Object.keys(TYPES)}`);
await Promise.all(Array.from({ length: Number(env.SHOAL_SLOTS ?? 4) }, serve));
