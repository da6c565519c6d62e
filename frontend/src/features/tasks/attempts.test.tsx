import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { Attempt, Task } from "@/lib/api/types";
import { API, respondWith, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { describeCrashes } from "./attempt-descriptions";
import { Attempts } from "./attempts";

setUpFakeNetwork();

const JOB = "job_01J0000000000000000000000A";

const makeAttempt = (over: Partial<Attempt> = {}): Attempt => ({
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

const respondWithAttempts = (items: Attempt[], next: string | null = null) =>
  respondWith("/tasks/:id/attempts", "AttemptsBody", { items, next_token: next });

const attemptTexts = async (): Promise<string[]> => {
  const list = await screen.findByRole("list", { name: "Attempts, latest first" });
  return within(list)
    .getAllByRole("listitem")
    .map((each) => each.textContent ?? "");
};

test("lists the latest attempt first, each with its outcome, worker and epoch", async () => {
  respondWithAttempts([
    makeAttempt({ outcome: "failed", error: boom }),
    makeAttempt({ attempt: 2, epoch: 2, worker: "w-2", duration: 0.25 }),
  ]);
  renderWithProviders(<Attempts task={aTask} />);

  const [second, first] = await attemptTexts();

  expect(second).toMatch(/^Attempt 2Completed250 msWorker w-2 · epoch 2 · started 26 Nov 2026/);
  expect(first).toMatch(/^Attempt 1Failed1\.5 sWorker w-1 · epoch 1 .*ValueError: no picture/);
});

test("an expanded error shows the message and the end of the output", async () => {
  respondWithAttempts([makeAttempt({ outcome: "failed", error: boom })]);
  renderWithProviders(<Attempts task={aTask} />);

  await userEvent.setup().click(await screen.findByRole("button", { name: "ValueError: no picture" }));

  expect(screen.getByRole("button", { expanded: true })).toBeInTheDocument();
  expect(screen.getByRole("region", { name: "end of the output" })).toHaveTextContent("opening a.gif");
  expect(screen.getByRole("region", { name: "message" })).toHaveTextContent("at all");
});

test("a running attempt shows its progress, its lease and the workers that died before", async () => {
  const running = { outcome: "running", started_at: null, finished_at: null, duration: null } as const;
  respondWithAttempts([
    makeAttempt({ ...running, progress: 0.4, lease_until: "2999-01-01T00:00:00Z", crashes: 2, epoch: 3 }),
  ]);
  renderWithProviders(<Attempts task={{ ...aTask, status: "RUNNING" }} />);

  const [only] = await attemptTexts();

  expect(only).toMatch(/Running40%Worker w-1 · epoch 3 · leased until 01 Jan 2999/);
  expect(only).toContain("2 workers in a row died during this attempt. This worker continues it.");
});

test("an attempt shows its last worker if workers died, and its generation", async () => {
  const died = { ...boom, type: "WorkerDied", message: "three workers in a row died", tail: "" };
  respondWithAttempts([
    makeAttempt({ outcome: "worker_died", started_at: null, duration: null, report: null, crashes: 3, error: died }),
    makeAttempt({ generation: 2, epoch: 6 }),
  ]);
  renderWithProviders(<Attempts task={aTask} />);

  const [retried, givenUp] = await attemptTexts();

  expect(retried).toMatch(/^Attempt 1, generation 2Completed/);
  expect(givenUp).toMatch(/^Attempt 1, generation 1Worker diedWorker w-1 · epoch 1 · detected/);
  expect(givenUp).toContain("WorkerDied: three workers in a row died");
});

test("loads older attempts on request", async () => {
  server.use(
    http.get(`${API}/api/v1/tasks/:id/attempts`, ({ request }) => {
      const older = new URL(request.url).searchParams.get("next_token") === "older";
      const items = older
        ? [makeAttempt()]
        : [makeAttempt({ attempt: 2, epoch: 2 }), makeAttempt({ attempt: 3, epoch: 3 })];
      return HttpResponse.json({ items, next_token: older ? null : "older" });
    }),
  );
  renderWithProviders(<Attempts task={aTask} />);
  expect(await attemptTexts()).toHaveLength(2);

  await userEvent.setup().click(screen.getByRole("button", { name: "Show older attempts" }));

  await screen.findByText("Attempt 1");
  expect((await attemptTexts()).map((each) => each.slice(0, 9))).toEqual(["Attempt 3", "Attempt 2", "Attempt 1"]);
  expect(screen.queryByRole("button", { name: "Show older attempts" })).not.toBeInTheDocument();
});

test("shows five attempts until the user asks for more", async () => {
  respondWithAttempts(Array.from({ length: 12 }, (_, i) => makeAttempt({ attempt: i + 1, epoch: i + 1 })));
  renderWithProviders(<Attempts task={aTask} />);
  expect(await attemptTexts()).toHaveLength(5);

  await userEvent.setup().click(screen.getByRole("button", { name: "Show 7 older attempts" }));

  expect(await attemptTexts()).toHaveLength(12);
});

test("shows an empty state for a task without attempts", async () => {
  respondWithAttempts([]);
  renderWithProviders(<Attempts task={{ ...aTask, status: "PENDING", attempts: 0 }} />);

  expect(await screen.findByText("No attempts")).toBeInTheDocument();
});

test.each([
  [1, "1 worker died during this attempt. This worker continues it."],
  [2, "2 workers in a row died during this attempt. This worker continues it."],
])("describes %i crashes", (crashes, description) => {
  expect(describeCrashes(crashes)).toBe(description);
});
