// The calls of a worker: signed with AWS Signature Version 4, and retried while the service is unavailable.
import { createHash, createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const env = process.env;
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

/** The service rejected the request. A retry would not help. */
export class Refused extends Error {}

/** Returns a function that calls the API at `base` as `worker`, with the last part of a path and a body. */
export const apiOf = (base, worker) => (noun, body) =>
  post("execute-api", new URL(`${base}/api/v1/${noun}`), { worker, ...body });

/** Returns a function that calls SQS for the queue at a URL, with an action and its parameters. */
export const queueOf = (QueueUrl) => (action, body, signal) => {
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${action}` };
  return post("sqs", new URL("/", QueueUrl), { QueueUrl, ...body }, headers, signal);
};

/** Sends GET or PUT to a presigned URL, with its headers and without a signature. */
export const transfer = (method, { url, headers }, body) =>
  patiently(() => fetch(url, { method, headers, body, signal: within(120) }));

async function post(service, url, parameters, headers = { "content-type": "application/json" }, signal) {
  const body = JSON.stringify(parameters);
  const request = () => ({ method: "POST", body, headers: signed(service, url, body, headers) });
  const send = () => fetch(url, { ...request(), signal: within(35, signal) });
  return JSON.parse((await patiently(send, signal)) || "{}");
}

/** Sends a request. Retries 429, 5xx and connection errors with exponential backoff and full jitter. */
async function patiently(send, signal) {
  for (let tries = 0; ; tries++) {
    let pause = Math.random() * Math.min(20, 0.2 * 2 ** tries);
    try {
      const answer = await send();
      const text = await answer.text();
      if (answer.ok || answer.status === 412) return text; // 412: the part exists already
      const throttled = answer.status === 429 || /Throttl/.test(text); // SQS throttles with status 400 and an error name
      if (answer.status < 500 && !throttled) throw new Refused(`${answer.status}: ${text}`);
      pause = Math.max(pause, Number(answer.headers.get("retry-after")) || 0);
    } catch (error) {
      if (error instanceof Refused || signal?.aborted) throw error;
      console.error(`call failed, retrying: ${error.cause ?? error}`);
    }
    await sleep(pause * 1000, null, { signal });
  }
}

const within = (seconds, signal) => AbortSignal.any([AbortSignal.timeout(seconds * 1000), ...(signal ? [signal] : [])]);

/** Returns the headers of a POST, including its signature. */
function signed(service, url, body, headers) {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const all = { ...headers, "x-amz-date": time };
  if (env.AWS_SESSION_TOKEN) all["x-amz-security-token"] = env.AWS_SESSION_TOKEN;
  const lines = Object.entries({ ...all, host: url.host }).sort(([one], [other]) => (one < other ? -1 : 1));
  const names = lines.map(([name]) => name).join(";");
  const path = url.pathname.split("/").map(encodeURIComponent).join("/"); // the signature needs the path encoded twice
  const request = ["POST", path, "", ...lines.map((line) => line.join(":")), "", names, sha256(body)].join("\n");
  const scope = [time.slice(0, 8), env.AWS_REGION, service, "aws4_request"];
  const signing = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(request)].join("\n");
  const key = scope.reduce((key, part) => hmac(key, part), `AWS4${env.AWS_SECRET_ACCESS_KEY}`);
  const [credential, signature] = [`${env.AWS_ACCESS_KEY_ID}/${scope.join("/")}`, hmac(key, signing).toString("hex")];
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...all, authorization };
}
