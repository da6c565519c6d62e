/** A fake network. Its responses have the types of the API. */

import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { components } from "@/lib/api/schema";
import type { Job } from "@/lib/api/types";

export const API = "http://api.test";

export const server = setupServer();

/** Starts the fake network for the tests of a file. An unexpected request fails its test. */
export function setUpFakeNetwork(): void {
  beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
  afterEach(() => server.resetHandlers());
  afterAll(() => server.close());
}

type Bodies = components["schemas"];

/** Responds to GET requests for a path with a body of the named schema. */
export function respondWith<Name extends keyof Bodies>(path: string, name: Name, body: Bodies[Name]): void {
  server.use(http.get(`${API}/api/v1${path}`, () => HttpResponse.json(body as object)));
  void name;
}

export function respondWithProblem(path: string, problem: Bodies["Problem"]): void {
  server.use(http.get(`${API}/api/v1${path}`, () => HttpResponse.json(problem as object, { status: problem.status })));
}

export const makeJob = (over: Partial<Job> = {}): Job => ({
  id: "job_01J0000000000000000000000A",
  name: "nightly",
  task_type: "cpu",
  status: "RUNNING",
  paused: false,
  paused_at: null,
  drained: false,
  ending: null,
  generation: 1,
  selection: null,
  discards: [],
  canary: null,
  task_count: 100,
  chunk_size: 4,
  counts: { pending: 40, running: 10, retrying: 0, completed: 48, failed: 2, cancelled: 0 },
  version: 17,
  priority: "normal",
  max_parallelism: null,
  timeout: 300,
  retry: { max_attempts: 3, backoff: 1, factor: 2, max_delay: 300, non_retryable: [] },
  deadline: null,
  max_failed: null,
  created_at: "2026-11-26T10:00:00Z",
  started_at: "2026-11-26T10:00:01Z",
  finished_at: null,
  reason: null,
  tags: { team: "ml" },
  links: { self: "", tasks: "", results: "" },
  ...over,
});
