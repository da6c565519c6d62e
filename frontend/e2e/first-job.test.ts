/** The first look: signing in, a job by form, and what is seen of it until what failed is mended. */

import { existsSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CONSOLE, signIn, axeViolations } from "./browser";
import { FLAG, shownJobId, startSession } from "./console-session";

/** A worker to be killed: who runs these tests says. */
const WORKER = Number(process.env.WORKER_PID ?? 0);

const visit = startSession(false);
const jobs: Record<string, string> = {};

interface Filled {
  path?: string;
  attempts?: string;
  Attempts?: string;
  chunk?: string;
}

/** Fill in the form of a task type, submit it, and keep the job's id under its name. */
async function submit(name: string, type: string, tasks: number, filled: Filled): Promise<void> {
  const { page } = visit;
  await visit.goto(`/jobs/new?type=${type}`);
  await page.getByLabel("Tasks", { exact: true }).fill(String(tasks));
  if (filled.path) await page.getByRole("textbox", { name: "path" }).fill(filled.path);
  if (filled.attempts) await page.getByRole("textbox", { name: "attempts", exact: true }).fill(filled.attempts);
  if (filled.Attempts) await page.getByRole("textbox", { name: /^Attempts/ }).fill(filled.Attempts);
  await page.getByRole("textbox", { name: /^Name/ }).fill(name);
  await page.getByRole("textbox", { name: /^Tags/ }).fill(`suite=${visit.run}`);
  if (filled.chunk) {
    await visit.button("More").click();
    await page.getByRole("textbox", { name: /^Tasks of a chunk/ }).fill(filled.chunk);
  }
  await visit.button(`Submit ${tasks} tasks`).click();
  await visit.heading(name).waitFor();
  jobs[name] = shownJobId(page);
}

test("the tests have what they need", () => {
  expect([FLAG, existsSync(FLAG)]).toEqual([expect.stringMatching(/^\//), false]);
});

test("who is not signed in signs in and is at the page that was asked for", async () => {
  await signIn(visit.page, "/jobs?status=FAILED");

  await visit.heading(/^Jobs/).waitFor();
  expect(visit.page.url()).toBe(`${CONSOLE}/jobs?status=FAILED`);
  await visit.button("Clear filters").waitFor(); // so the filter is that of the address
});

test("a job is submitted by form, and its end is seen without asking", async () => {
  await submit("console-needs", "needs", 4, { path: FLAG });

  await visit.status("Failed").waitFor();
  await visit.page.getByRole("tab", { name: "Failures by cause (4)" }).click();
  const row = visit.row(/FileNotFoundError/);
  await row.waitFor();
  expect(await row.innerText()).toMatch(/^4\s+100%/);
});

test("what a form lets nobody send says why", async () => {
  await visit.goto("/jobs/new?type=needs");
  await visit.page.getByLabel("Tasks", { exact: true }).fill("0");
  await visit.button("Check").click();

  await visit.page.getByText("Give a whole number, at least 1").first().waitFor();
  await visit.page.getByText("path is needed").first().waitFor();
});

test("a failed task is found on the map by key and opened, with its error", async () => {
  const { page } = visit;
  await visit.goto(`/jobs/${jobs["console-needs"]}`);
  const map = page.getByRole("application", { name: "Map of 4 tasks" });
  await map.waitFor();
  await map.focus();
  await page.keyboard.press("n");
  await page.keyboard.press("n");
  await page.getByText("Task 1: failed").waitFor();
  await page.keyboard.press("Enter");

  await page.getByText("shoal replay").first().waitFor();
  await page.getByText("FileNotFoundError", { exact: true }).first().waitFor();
  expect(new URL(page.url()).searchParams.get("task")).toBe("1");
});

test("the address leads to the same task of the same tab again", async () => {
  const { page } = visit;
  await visit.goto(`/jobs/${jobs["console-needs"]}?task=2&tab=failures`);

  await page.getByRole("heading", { name: "Task 2" }).waitFor();
  await page.getByRole("tab", { name: /^Failures by cause/, selected: true }).waitFor();
  await page.getByRole("link", { name: "Next" }).click();
  await page.getByRole("heading", { name: "Task 3" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Task 2" }).waitFor();
});

test("what failed is mended and retried, and completes before one's eyes", async () => {
  writeFileSync(FLAG, "");
  await visit.goto(`/jobs/${jobs["console-needs"]}?tab=results`);
  await visit.confirm("Retry failed", "Retry failed");

  await visit.status("Completed").waitFor();
  await visit.page.getByText("All 4 tasks completed.").waitFor();
  await visit.button("Refresh now. Live").click();
  await visit
    .row(/"found"/)
    .first()
    .waitFor();
});

test("tasks that fail are seen to be tried again", async () => {
  await submit("console-retries", "fail_below", 4, { attempts: "2", Attempts: "3" });

  await visit.status("Completed").waitFor();
  await expect.poll(async () => visit.row(/^\d+\s+Completed\s+2/).count()).toBe(4);
  await visit.goto(`/jobs/${jobs["console-retries"]}?task=0`);
  const attempts = visit.page.getByRole("list", { name: /^Attempts/ }).getByRole("listitem");
  await expect.poll(async () => attempts.count()).toBe(2);
  expect(await attempts.nth(0).innerText()).toMatch(/Attempt 2\s+Completed[^]*Worker w\S+ · epoch/);
  expect(await attempts.nth(1).innerText()).toMatch(/Attempt 1\s+Failed[^]*Worker w\S+ · epoch/);
  expect(await axeViolations(visit.page)).toEqual([]);
});

test("tasks of a killed worker are finished by another, and none is lost", async () => {
  const later = `${FLAG}.later`;
  await submit("console-killed", "exists", 4, { path: later, chunk: "1" });
  await expect.poll(async () => visit.row(/Running/).count(), { timeout: 20_000 }).toBe(4);
  process.kill(WORKER, "SIGKILL");
  writeFileSync(later, "");

  await visit.page.getByText("All 4 tasks completed.").waitFor({ timeout: 45_000 });
});

test("the palette leads to a job by the beginning of its name", async () => {
  const { page } = visit;
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Find" }).fill("console-ne");
  await page
    .getByRole("option", { name: /console-needs/ })
    .first()
    .waitFor();
  await page.keyboard.press("Enter");

  await visit.heading("console-needs").waitFor();
});

test("an administrator lets a machine in for a tenant, and shuts it out", async () => {
  const { dialog } = visit;
  const client = `robot-${visit.run}`;
  const row = visit.row(new RegExp(`${client} acme`));
  await visit.goto("/settings");
  await visit.button("Let a machine in").click();
  await dialog.getByRole("textbox", { name: "Client" }).fill(client);
  await dialog.getByRole("textbox", { name: "Tenant" }).fill("acme");
  await dialog.getByRole("button", { name: "Let in" }).click();

  await row.getByRole("button", { name: `Shut ${client} out` }).click();
  await dialog.getByText(/From its next request on/).waitFor();
  await visit.agree("Shut out");
  await row.waitFor({ state: "detached" });
});
