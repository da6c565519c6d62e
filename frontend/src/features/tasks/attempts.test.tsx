import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { Attempt, Task } from "@/lib/api/types";
import { respondWith, API, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { describeCrashes } from "./attempt-descriptions";
import { Attempts } from "./attempts";

setUpFakeNetwork();

const JOB = "job_01J0000000000000000000000A";

const anAttempt = (over: Partial<Attempt> = {}): Attempt => ({
  outcome: "completed",
  generation: 1,
  attempt: 1,
  epoch: 1,
  report: 1,
  worker: "w-1",
  started_at: "2026-11-26T10:00:00Z",
  finished_at: "2026-11-26T10:00:01.5Z",
  duration: 1.5,
  progress: null,
  lease_until: null,
  crashes: null,
  error: null,
  result: null,
  ...over,
});

const aTask: Task = {
  id: `${JOB}.7`,
  job_id: JOB,
  index: 7,
  status: "COMPLETED",
  attempts: 2,
  worker: null,
  progress: null,
  started_at: null,
  finished_at: null,
  duration: null,
  input: {},
  result: null,
  error: null,
  too_large: false,
};

const boom = { type: "ValueError", message: "no picture\nat all", tail: "opening a.gif", retryable: true };

const told = (items: Attempt[], next: string | null = null) =>
  respondWith("/tasks/:id/attempts", "AttemptsBody", { items, next_token: next });

const shown = async (): Promise<string[]> => {
  const list = await screen.findByRole("list", { name: "Attempts, the latest first" });
  return within(list)
    .getAllByRole("listitem")
    .map((each) => each.textContent ?? "");
};

test("the latest attempt comes first, each with its outcome, worker and epoch", async () => {
  told([
    anAttempt({ outcome: "failed", error: boom }),
    anAttempt({ attempt: 2, epoch: 2, worker: "w-2", duration: 0.25 }),
  ]);
  renderWithProviders(<Attempts task={aTask} every={false} />);

  const [second, first] = await shown();

  expect(second).toMatch(/^Attempt 2Completed250 msWorker w-2 · epoch 2 · started 26 Nov 2026/);
  expect(first).toMatch(/^Attempt 1Failed1\.5 sWorker w-1 · epoch 1 .*ValueError: no picture/);
});

test("an error says what it printed when it is opened", async () => {
  told([anAttempt({ outcome: "failed", error: boom })]);
  renderWithProviders(<Attempts task={aTask} every={false} />);

  await userEvent.setup().click(await screen.findByRole("button", { name: "ValueError: no picture" }));

  expect(screen.getByRole("button", { expanded: true })).toBeInTheDocument();
  expect(screen.getByRole("region", { name: "tail of the output" })).toHaveTextContent("opening a.gif");
  expect(screen.getByRole("region", { name: "message" })).toHaveTextContent("at all");
});

test("one that runs says how far it is, until when it is held and whose work it goes on with", async () => {
  const running = { outcome: "running", started_at: null, finished_at: null, duration: null } as const;
  told([anAttempt({ ...running, progress: 0.4, lease_until: "2999-01-01T00:00:00Z", crashes: 2, epoch: 3 })]);
  renderWithProviders(<Attempts task={{ ...aTask, status: "RUNNING" }} every={false} />);

  const [only] = await shown();

  expect(only).toMatch(/Running40%Worker w-1 · epoch 3 · lease until 01 Jan 2999/);
  expect(only).toContain("2 workers in a row died before this one, which goes on with the same attempt.");
});

test("a verdict says who died, and generations are told apart", async () => {
  const died = { ...boom, type: "WorkerDied", message: "three workers in a row died", tail: "" };
  told([
    anAttempt({ outcome: "worker_died", started_at: null, duration: null, report: null, crashes: 3, error: died }),
    anAttempt({ generation: 2, epoch: 6 }),
  ]);
  renderWithProviders(<Attempts task={aTask} every={false} />);

  const [again, verdict] = await shown();

  expect(again).toMatch(/^Attempt 1, generation 2Completed/);
  expect(verdict).toMatch(/^Attempt 1, generation 1Worker diedWorker w-1 · epoch 1 · given up/);
  expect(verdict).toContain("WorkerDied: three workers in a row died");
});

test("older attempts are asked for when they are wanted", async () => {
  server.use(
    http.get(`${API}/api/v1/tasks/:id/attempts`, ({ request }) => {
      const older = new URL(request.url).searchParams.get("next_token") === "older";
      const items = older ? [anAttempt()] : [anAttempt({ attempt: 2, epoch: 2 }), anAttempt({ attempt: 3, epoch: 3 })];
      return HttpResponse.json({ items, next_token: older ? null : "older" });
    }),
  );
  renderWithProviders(<Attempts task={aTask} every={false} />);
  expect(await shown()).toHaveLength(2);

  await userEvent.setup().click(screen.getByRole("button", { name: "Show older attempts" }));

  await screen.findByText("Attempt 1");
  expect((await shown()).map((each) => each.slice(0, 9))).toEqual(["Attempt 3", "Attempt 2", "Attempt 1"]);
  expect(screen.queryByRole("button", { name: "Show older attempts" })).not.toBeInTheDocument();
});

test("of many attempts the latest five are shown until more are wanted", async () => {
  told(Array.from({ length: 12 }, (_, i) => anAttempt({ attempt: i + 1, epoch: i + 1 })));
  renderWithProviders(<Attempts task={aTask} every={false} />);
  expect(await shown()).toHaveLength(5);

  await userEvent.setup().click(screen.getByRole("button", { name: "Show 7 older attempts" }));

  expect(await shown()).toHaveLength(12);
});

test("a task that nobody took says so", async () => {
  told([]);
  renderWithProviders(<Attempts task={{ ...aTask, status: "PENDING", attempts: 0 }} every={false} />);

  expect(await screen.findByText("No worker has begun with it yet.")).toBeInTheDocument();
});

test.each([
  [1, "1 worker died before this one, which goes on with the same attempt."],
  [2, "2 workers in a row died before this one, which goes on with the same attempt."],
])("%i dead workers are told of in words", (crashes, words) => {
  expect(describeCrashes(crashes)).toBe(words);
});
