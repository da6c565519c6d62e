/** A signed-in browser page that the tests of a file share, with helpers for the console and for the API. */

import { execFileSync } from "node:child_process";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { API, collectPageErrors, CONSOLE, launchBrowser, newContext, signIn } from "./browser";

/** A file that tasks wait for. The program that starts these tests sets its path. */
export const FLAG = process.env.FLAG ?? "";

const TERMINAL_STATUSES = new Set(["COMPLETED", "FAILED", "CANCELLED"]);

export interface CreatedJob {
  id: string;
  status: string;
  counts: Record<string, number>;
}

export class ConsoleSession {
  /** The value of the tag that separates the jobs of this session from other jobs. */
  readonly run = `${Date.now().toString(36)}${Math.floor(Math.random() * 1_000)}`;
  browser!: Browser;
  context!: BrowserContext;
  page!: Page;
  pageErrors: string[] = [];
  /** The access token of the console, once it has sent a request. */
  token = "";

  async open(): Promise<void> {
    this.browser = await launchBrowser();
    this.context = await newContext(this.browser);
    this.page = await this.context.newPage();
    this.pageErrors = collectPageErrors(this.page);
    this.page.on("request", (request) => {
      const header = request.headers().authorization;
      if (header) this.token = header.replace("Bearer ", "");
    });
  }

  /** Cancels the jobs that have not ended, because the platform polls each open job. */
  async cancelJobs(): Promise<void> {
    if (!this.token) return;
    const query = `tag=suite=${this.run}&status=PENDING,ENQUEUED,RUNNING`;
    const { items } = await this.api<{ items: CreatedJob[] }>("GET", `/jobs?${query}`);
    for (const { id } of items) {
      try {
        await this.api("POST", `/jobs/${id}/cancel`);
      } catch (error) {
        const ended = TERMINAL_STATUSES.has((await this.job(id)).status); // the job ended before the request
        if (!ended) throw error;
      }
    }
  }

  goto(path: string): Promise<unknown> {
    return this.page.goto(CONSOLE + path);
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  get dialog(): Locator {
    return this.page.getByRole("dialog");
  }

  row(name: RegExp | string): Locator {
    return this.page.getByRole("row", { name });
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole("heading", { name, level: 1 });
  }

  /** The status next to the title of a job. */
  status(label: string): Locator {
    return this.page.locator("h1 ~ *, [class*=awsui_header]").getByText(label, { exact: true }).first();
  }

  async chooseFromMenu(menu: string, item: string): Promise<void> {
    await this.button(menu).click();
    await this.page.getByRole("menuitem", { name: item, exact: true }).click();
  }

  /** Clicks a button of the dialog, and waits until the dialog is closed. */
  async confirm(label: string | RegExp): Promise<void> {
    await this.dialog.getByRole("button", { name: label, exact: typeof label === "string" }).click();
    await this.dialog.waitFor({ state: "hidden" });
  }

  async clickAndConfirm(button: string, label: string): Promise<void> {
    await this.button(button).click();
    await this.confirm(label);
  }

  /** Calls the API with the user's token. */
  async api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${API}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  job(id: string): Promise<CreatedJob> {
    return this.api("GET", `/jobs/${id}`);
  }

  /** Submits a job through the API, and returns its ID. */
  async submit(name: string, type: string, specification: object): Promise<string> {
    const body = { task_type: type, name, tags: { suite: this.run }, ...specification };
    return (await this.api<CreatedJob>("POST", "/jobs", body)).id;
  }

  /** Waits until a job has ended. */
  async waitForEnd(id: string): Promise<CreatedJob> {
    return vi.waitUntil(
      async () => {
        const job = await this.job(id);
        return TERMINAL_STATUSES.has(job.status) && job;
      },
      { timeout: 60_000, interval: 200 },
    );
  }
}

/** Opens a session before the tests of a file, and closes it after them. Fails if the page logged errors. */
export function startSession({ signedIn = true }: { signedIn?: boolean } = {}): ConsoleSession {
  const session = new ConsoleSession();
  beforeAll(async () => {
    await session.open();
    if (!signedIn) return;
    const firstRequest = session.page.waitForRequest((request) => "authorization" in request.headers());
    await signIn(session.page);
    await firstRequest;
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await session.page.screenshot({ path: "../build/console-failed.png" });
  });
  afterAll(async () => {
    await session.cancelJobs();
    await session.browser.close();
    expect(session.pageErrors, "errors of the page").toEqual([]);
  });
  return session;
}

/** The ID of the job whose page is open. */
export const shownJobId = (page: Page): string => /job_[0-9A-Z]+/.exec(page.url())?.[0] ?? "";

/** Changes the platform from outside the console, see tests/twin/console_events.py. */
export function triggerPlatformEvent(
  event: "exhaust-receives" | "disable-function" | "enable-function",
  target: string,
): void {
  execFileSync("python", ["-m", "tests.twin.console_events", event, target], { stdio: "inherit" });
}

/** Runs a shell script with the token of the console, and returns its output. */
export function runShell(script: string, token: string): string {
  const env = { ...process.env, SHOAL_API_URL: API, SHOAL_TOKEN: token };
  return execFileSync("sh", ["-c", script], { env, encoding: "utf8", stdio: "pipe" });
}
