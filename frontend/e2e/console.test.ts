/** What users do, from signing in to mending what failed, on a platform that runs. */

import { existsSync, writeFileSync } from "node:fs";
import { type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { complaints, CONSOLE, contextOf, enter, launched, signIn, violations } from "./browser";

/** A file that tasks wait for or need, and a worker to be killed: who runs these tests says. */
const FLAG = process.env.FLAG ?? "";
const WORKER = Number(process.env.WORKER_PID ?? 0);

/** Tells this run's jobs from those of earlier ones. */
const RUN = Date.now().toString(36);

let browser: Browser;
let context: BrowserContext;
let page: Page;
let said: string[];
const jobs: Record<string, string> = {};

beforeAll(async () => {
  browser = await launched();
  context = await contextOf(browser);
  page = await context.newPage();
  said = complaints(page);
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await page.screenshot({ path: "../build/console-failed.png" });
});

afterAll(() => browser.close());

const button = (name: string | RegExp) => page.getByRole("button", { name, exact: typeof name === "string" });
const status = (word: string) => page.locator("h1 ~ *, [class*=awsui_header]").getByText(word, { exact: true }).first();

interface Filled {
  path?: string;
  attempts?: string;
  Attempts?: string;
  chunk?: string;
}

/** Fill in the form of a task type, submit it, and keep the job's id under its name. */
async function submit(name: string, type: string, tasks: number, filled: Filled): Promise<void> {
  await page.goto(`${CONSOLE}/jobs/new?type=${type}`);
  await page.getByLabel("Tasks", { exact: true }).fill(String(tasks));
  if (filled.path) await page.getByRole("textbox", { name: "path" }).fill(filled.path);
  if (filled.attempts) await page.getByRole("textbox", { name: "attempts", exact: true }).fill(filled.attempts);
  if (filled.Attempts) await page.getByRole("textbox", { name: /^Attempts/ }).fill(filled.Attempts);
  await page.getByRole("textbox", { name: /^Name/ }).fill(name);
  await page.getByRole("textbox", { name: /^Tags/ }).fill(`suite=${RUN}`);
  if (filled.chunk) {
    await button("More").click();
    await page.getByRole("textbox", { name: /^Tasks of a chunk/ }).fill(filled.chunk);
  }
  await button(`Submit ${tasks} tasks`).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
  jobs[name] = /job_[0-9A-Z]+/.exec(page.url())?.[0] ?? "";
}

async function confirm(action: string, verb: string): Promise<void> {
  await button(action).click();
  await page.getByRole("dialog").getByRole("button", { name: verb, exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
}

test("who is not signed in signs in and is at the page that was asked for", async () => {
  await signIn(page, "/jobs?status=FAILED");

  await page.getByRole("heading", { name: /^Jobs/, level: 1 }).waitFor();
  expect(page.url()).toBe(`${CONSOLE}/jobs?status=FAILED`);
  await page.getByText(/^Status\s*=\s*Failed$/).first().waitFor();
});

test("a job is submitted by form, and its end is seen without asking", async () => {
  await submit("console-needs", "needs", 4, { path: FLAG });

  await status("Failed").waitFor();
  await page.getByRole("tab", { name: "Failures by cause (4)" }).click();
  const row = page.getByRole("row", { name: /FileNotFoundError/ });
  await row.waitFor();
  expect(await row.innerText()).toMatch(/^4\s+100%/);
});

test("what a form lets nobody send says why", async () => {
  await page.goto(`${CONSOLE}/jobs/new?type=needs`);
  await page.getByLabel("Tasks", { exact: true }).fill("0");
  await button("Check").click();

  await page.getByText("Give a whole number, at least 1").first().waitFor();
  await page.getByText("path is needed").first().waitFor();
});

test("a failed task is found on the map by key and opened, with its error", async () => {
  await page.goto(`${CONSOLE}/jobs/${jobs["console-needs"]}`);
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

test("what failed is mended and retried, and completes before one's eyes", async () => {
  writeFileSync(FLAG, "");
  await page.goto(`${CONSOLE}/jobs/${jobs["console-needs"]}?tab=results`);
  await confirm("Retry failed", "Retry failed");

  await status("Completed").waitFor();
  await page.getByText("All 4 tasks completed.").waitFor();
  await button("Refresh now. Live").click();
  await page.getByRole("row", { name: /"found"/ }).first().waitFor();
});

test("tasks that fail are seen to be tried again", async () => {
  await submit("console-retries", "fail_below", 4, { attempts: "2", Attempts: "3" });

  await status("Completed").waitFor();
  await expect.poll(async () => page.getByRole("row", { name: /^\d+\s+Completed\s+2/ }).count()).toBe(4);
  await page.goto(`${CONSOLE}/jobs/${jobs["console-retries"]}?task=0`);
  const attempts = page.getByRole("list", { name: /^Attempts/ }).getByRole("listitem");
  await expect.poll(async () => attempts.count()).toBe(2);
  expect(await attempts.nth(0).innerText()).toMatch(/Attempt 2\s+Completed[^]*Worker w\S+ · epoch/);
  expect(await attempts.nth(1).innerText()).toMatch(/Attempt 1\s+Failed[^]*Worker w\S+ · epoch/);
  expect(await violations(page)).toEqual([]);
});

test("tasks of a killed worker are finished by another, and none is lost", async () => {
  const later = `${FLAG}.later`;
  await submit("console-killed", "exists", 4, { path: later, chunk: "1" });
  await expect.poll(async () => page.getByRole("row", { name: /Running/ }).count(), { timeout: 20_000 }).toBe(4);
  process.kill(WORKER, "SIGKILL");
  writeFileSync(later, "");

  await page.getByText("All 4 tasks completed.").waitFor({ timeout: 45_000 });
});

test("a job is paused, resumed and cancelled, each saying what it does", async () => {
  const never = `${FLAG}.never`;
  await submit("console-steered", "exists", 4, { path: never, chunk: "1" });
  await confirm("Pause", "Pause");
  await button("Resume").waitFor();
  await confirm("Resume", "Resume");
  await button("Pause").waitFor();
  await button("Cancel").click();
  await page.getByText(/4 tasks that have not ended will be cancelled/).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel job" }).click();

  await status("Cancelled").waitFor({ timeout: 45_000 });
  await page.getByRole("tab", { name: "Events" }).click();
  for (const word of ["Submitted", "Paused", "Resumed", "Cancelled"]) {
    await page.getByRole("row", { name: new RegExp(`${word} you`) }).waitFor();
  }
});

test("jobs are found by filters that are in the address", async () => {
  await page.goto(`${CONSOLE}/jobs?tag=suite=${RUN}`);
  await page.getByRole("row", { name: /console-needs/ }).waitFor();
  await page.getByRole("combobox", { name: "Filter jobs" }).fill("Status = Cancelled");
  await page.keyboard.press("Enter");

  await expect.poll(async () => page.getByRole("row", { name: /console-/ }).count()).toBe(1);
  await page.getByRole("row", { name: /console-steered/ }).waitFor();
  expect(new URL(page.url()).searchParams.get("status")).toBe("CANCELLED");
});

test("the palette leads to a job by the beginning of its name", async () => {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Find" }).fill("console-ne");
  await page.getByRole("option", { name: /console-needs/ }).first().waitFor();
  await page.keyboard.press("Enter");

  await page.getByRole("heading", { name: "console-needs", level: 1 }).waitFor();
});

test("an administrator lets a machine in for a tenant, and shuts it out", async () => {
  const client = `robot-${RUN}`;
  const dialog = page.getByRole("dialog");
  const row = page.getByRole("row", { name: new RegExp(`${client} acme`) });
  await page.goto(`${CONSOLE}/settings`);
  await button("Let a machine in").click();
  await dialog.getByRole("textbox", { name: "Client" }).fill(client);
  await dialog.getByRole("textbox", { name: "Tenant" }).fill("acme");
  await dialog.getByRole("button", { name: "Let in" }).click();

  await row.getByRole("button", { name: `Shut ${client} out` }).click();
  await dialog.getByText(/From its next request on/).waitFor();
  await dialog.getByRole("button", { name: "Shut out", exact: true }).click();
  await row.waitFor({ state: "detached" });
});

test("nothing is asked in a tab that nobody sees", async () => {
  await page.goto(`${CONSOLE}/jobs?tag=suite=${RUN}`);
  await page.getByRole("row", { name: /console-needs/ }).waitFor();
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().includes("/api/v1/")) asked += 1;
  });
  await page.waitForTimeout(6_000);

  expect(asked).toBe(0);
});

test("a session that ends is begun again beside, and the page stays as it is", async () => {
  await page.goto(`${CONSOLE}/jobs/new?type=needs`);
  await page.getByRole("textbox", { name: "path" }).fill("kept");
  await page.route("**/token", (route) => route.fulfill({ status: 400, json: { error: "invalid_grant" } }));
  await page.route("**/api/v1/jobs", (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }), {
    times: 1,
  });
  await button("Submit 1 task").click(); // neither the token nor a renewal of it is taken
  await page.getByRole("dialog", { name: "Your session has ended" }).waitFor();
  const beside = page.waitForEvent("popup");
  await button("Sign in again").click();
  await enter(await beside);

  await page.getByRole("dialog").waitFor({ state: "hidden" });
  expect(await page.getByRole("textbox", { name: "path" }).inputValue()).toBe("kept");
});

test("another tenant's job is not there for a user of a second tenant", async () => {
  const other = await contextOf(browser);
  const theirs = await other.newPage();
  await signIn(theirs, `/jobs/${jobs["console-needs"]}`, { user: "ada", tenant: "acme", admin: false });

  await theirs.getByText("There is no such thing").waitFor();
  await other.close();
});

test("a fault of the API is told, and the page goes on by itself", async () => {
  await page.route("**/api/v1/jobs?*", (route) => route.fulfill({ status: 503, json: { detail: "away" } }));
  await page.goto(`${CONSOLE}/jobs?tag=suite=${RUN}`);
  await page.getByText("A service behind the API is away").first().waitFor();
  await page.unroute("**/api/v1/jobs?*");

  await page.getByRole("row", { name: /console-needs/ }).waitFor({ timeout: 20_000 });
});

test("the page broke no rule of its policy and threw nothing", () => {
  expect(said).toEqual([]);
});

const SCREENS = (): string[] => [
  "/jobs",
  "/jobs/new?type=needs",
  `/jobs/${jobs["console-needs"]}?tab=tasks`,
  `/jobs/${jobs["console-needs"]}?task=1&tab=spec`,
  "/task-types",
  "/workers",
  "/dead-letters",
  "/bulk-actions",
  "/activity",
  "/settings",
];

test.each([
  { dark: false, phone: false },
  { dark: true, phone: true },
])("no screen keeps anybody out (dark $dark, phone $phone)", async (looks) => {
  const here = await contextOf(browser, looks);
  const shown = await here.newPage();
  await signIn(shown, "/jobs");
  const found: string[] = [];
  for (const path of SCREENS()) {
    await shown.goto(CONSOLE + path);
    await shown.getByRole("heading", { level: 1 }).first().waitFor();
    await shown.waitForLoadState("networkidle");
    await shown.getByText(/^(Loading|Grouping|Reading)/).first().waitFor({ state: "hidden" });
    found.push(...(await violations(shown)).map((each) => `${path} ${each}`));
  }
  await here.close();

  expect(found).toEqual([]);
});

test("the tests had what they need", () => {
  expect([FLAG, existsSync(FLAG)]).toEqual([expect.stringMatching(/^\//), true]);
});
