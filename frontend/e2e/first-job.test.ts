/** A user's first job: sign in, submit a form, find a failed task, fix the cause, and retry. */

import { existsSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { axeViolations, CONSOLE, signIn } from "./browser";
import { FLAG, shownJobId, startSession } from "./console-session";

/** The process ID of a worker that a test kills. The program that starts these tests sets it. */
const WORKER = Number(process.env.WORKER_PID ?? 0);

const ui = startSession({ signedIn: false });
const jobs: Record<string, string> = {};

interface FormInput {
  /** The parameter of task type `needs` or `exists`. */
  path?: string;
  /** The parameter of task type `fail_below`. */
  attempts?: string;
  maxAttempts?: string;
  chunkSize?: string;
}

/** Submits a job with the form, and stores its ID under its name. */
async function submit(name: string, type: string, tasks: number, input: FormInput): Promise<void> {
  const { page } = ui;
  await ui.goto(`/jobs/new?type=${type}`);
  await page.getByLabel("Number of tasks").fill(String(tasks));
  if (input.path) await page.getByRole("textbox", { name: "path" }).fill(input.path);
  if (input.attempts) await page.getByRole("textbox", { name: "attempts", exact: true }).fill(input.attempts);
  if (input.maxAttempts) await page.getByRole("textbox", { name: /^Max attempts/ }).fill(input.maxAttempts);
  await page.getByRole("textbox", { name: /^Name/ }).fill(name);
  await page.getByRole("textbox", { name: /^Tags/ }).fill(`suite=${ui.run}`);
  if (input.chunkSize) {
    await ui.button("Additional settings").click();
    await page.getByRole("textbox", { name: /^Chunk size/ }).fill(input.chunkSize);
  }
  await ui.button(`Submit ${tasks} tasks`).click();
  await ui.heading(name).waitFor();
  jobs[name] = shownJobId(page);
}

test("the flag file of the tests does not exist yet", () => {
  expect([FLAG, existsSync(FLAG)]).toEqual([expect.stringMatching(/^\//), false]);
});

test("after signing in, a user returns to the requested page", async () => {
  await signIn(ui.page, "/jobs?status=FAILED");

  await ui.heading(/^Jobs/).waitFor();
  expect(ui.page.url()).toBe(`${CONSOLE}/jobs?status=FAILED`);
  await ui.button("Clear filters").first().waitFor(); // the filter of the address is applied
});

test("a user submits a job with the form, and sees its end without refreshing", async () => {
  await submit("console-needs", "needs", 4, { path: FLAG });

  await ui.status("Failed").waitFor();
  await ui.page.getByRole("tab", { name: "Failures by cause (4)" }).click();
  const row = ui.row(/FileNotFoundError/);
  await row.waitFor();
  expect(await row.innerText()).toMatch(/^4\s+100%/);
});

test("the form explains why it cannot be submitted", async () => {
  await ui.goto("/jobs/new?type=needs");
  await ui.page.getByLabel("Number of tasks").fill("0");
  await ui.button("Validate").click();

  await ui.page.getByText("Fix 2 problems to submit").waitFor();
  await ui.page.getByText("Enter a whole number greater than or equal to 1").first().waitFor();
  await ui.page.getByText("path is required").first().waitFor();
});

test("a failed task is found on the map by keyboard, and its panel shows the error", async () => {
  const { page } = ui;
  await ui.goto(`/jobs/${jobs["console-needs"]}`);
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

test("the address opens the same task and the same tab again", async () => {
  const { page } = ui;
  await ui.goto(`/jobs/${jobs["console-needs"]}?task=2&tab=failures`);

  await page.getByRole("heading", { name: "Task 2" }).waitFor();
  await page.getByRole("tab", { name: /^Failures by cause/, selected: true }).waitFor();
  await page.getByRole("link", { name: "Next" }).click();
  await page.getByRole("heading", { name: "Task 3" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Task 2" }).waitFor();
});

test("failed tasks complete after a retry, and the page updates", async () => {
  writeFileSync(FLAG, "");
  await ui.goto(`/jobs/${jobs["console-needs"]}?tab=results`);
  await ui.clickAndConfirm("Retry failed tasks", "Retry failed tasks");

  await ui.status("Completed").waitFor();
  await ui.page.getByText("All 4 tasks completed.").waitFor();
  await ui.button("Refresh now. Live").click();
  await ui
    .row(/"found"/)
    .first()
    .waitFor();
});

test("the panel of a retried task lists its attempts", async () => {
  await submit("console-retries", "fail_below", 4, { attempts: "2", maxAttempts: "3" });

  await ui.status("Completed").waitFor();
  await expect.poll(async () => ui.row(/^\d+\s+Completed\s+2/).count()).toBe(4);
  await ui.goto(`/jobs/${jobs["console-retries"]}?task=0`);
  const attempts = ui.page.getByRole("list", { name: /^Attempts/ }).getByRole("listitem");
  await expect.poll(async () => attempts.count()).toBe(2);
  expect(await attempts.nth(0).innerText()).toMatch(/Attempt 2\s+Completed[^]*Worker w\S+ · epoch/);
  expect(await attempts.nth(1).innerText()).toMatch(/Attempt 1\s+Failed[^]*Worker w\S+ · epoch/);
  expect(await axeViolations(ui.page)).toEqual([]);
});

test("another worker finishes the tasks of a killed worker", async () => {
  const laterFlag = `${FLAG}.later`;
  await submit("console-killed", "exists", 4, { path: laterFlag, chunkSize: "1" });
  await expect.poll(async () => ui.row(/Running/).count(), { timeout: 20_000 }).toBe(4);
  process.kill(WORKER, "SIGKILL");
  writeFileSync(laterFlag, "");

  await ui.page.getByText("All 4 tasks completed.").waitFor({ timeout: 45_000 });
});

test("the command palette finds a job by a prefix of its name", async () => {
  const { page } = ui;
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search" }).fill("console-ne");
  await page
    .getByRole("option", { name: /console-needs/ })
    .first()
    .waitFor();
  await page.keyboard.press("Enter");

  await ui.heading("console-needs").waitFor();
});

test("an administrator adds an API client for a tenant, and revokes its access", async () => {
  const { dialog } = ui;
  const client = `robot-${ui.run}`;
  const row = ui.row(new RegExp(`${client} acme`));
  await ui.goto("/settings");
  await ui.button("Add API client").click();
  await dialog.getByRole("textbox", { name: "Client ID" }).fill(client);
  await dialog.getByRole("textbox", { name: "Tenant" }).fill("acme");
  await dialog.getByRole("button", { name: "Add API client" }).click();

  await row.getByRole("button", { name: `Revoke access of ${client}` }).click();
  await dialog.getByText(/rejects all further requests/).waitFor();
  await ui.confirm("Revoke access");
  await row.waitFor({ state: "detached" });
});
