/** A visit: one page for the tests of a file, what a user does everywhere on it, and jobs made without a form. */

import { execFileSync } from "node:child_process";
import { type Browser, type BrowserContext, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { API, collectPageErrors, CONSOLE, newContext, launchBrowser, signIn } from "./browser";

/** A file that tasks wait for or need: who runs these tests says. */
export const FLAG = process.env.FLAG ?? "";

const TERMINAL_STATUSES = new Set(["COMPLETED", "FAILED", "CANCELLED"]);

export interface CreatedJob {
  id: string;
  status: string;
  counts: Record<string, number>;
}

export class ConsoleSession {
  /** Tells this visit's jobs from those of others. */
  readonly run = `${Date.now().toString(36)}${Math.floor(Math.random() * 1_000)}`;
  browser!: Browser;
  context!: BrowserContext;
  page!: Page;
  said: string[] = [];
  /** What the console shows the API, once it has. */
  token = "";

  async begin(): Promise<void> {
    this.browser = await launchBrowser();
    this.context = await newContext(this.browser);
    this.page = await this.context.newPage();
    this.said = collectPageErrors(this.page);
    this.page.on("request", (request) => {
      const shown = request.headers().authorization;
      if (shown) this.token = shown.replace("Bearer ", "");
    });
  }

  /** Nothing that is left goes on: each job under way is looked at by the platform every few seconds. */
  async leave(): Promise<void> {
    if (!this.token) return;
    const query = `tag=suite=${this.run}&status=PENDING,ENQUEUED,RUNNING`;
    const { items } = await this.api<{ items: CreatedJob[] }>("GET", `/jobs?${query}`);
    for (const { id } of items) {
      try {
        await this.api("POST", `/jobs/${id}/cancel`);
      } catch (refused) {
        if (!TERMINAL_STATUSES.has((await this.job(id)).status)) throw refused; // else it ended meanwhile
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

  /** The status beside the title of a job. */
  status(word: string): Locator {
    return this.page.locator("h1 ~ *, [class*=awsui_header]").getByText(word, { exact: true }).first();
  }

  /** Choose from a menu; what it is called tells where it is, if there are several. */
  async choose(menu: string, item: string): Promise<void> {
    await this.button(menu).click();
    await this.page.getByRole("menuitem", { name: item, exact: true }).click();
  }

  /** Press the dialog's button, and see it go. */
  async agree(verb: string | RegExp): Promise<void> {
    await this.dialog.getByRole("button", { name: verb, exact: typeof verb === "string" }).click();
    await this.dialog.waitFor({ state: "hidden" });
  }

  async confirm(action: string, verb: string): Promise<void> {
    await this.button(action).click();
    await this.agree(verb);
  }

  /** Ask the API as the user would. */
  async api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${API}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  job(id: string): Promise<CreatedJob> {
    return this.api("GET", `/jobs/${id}`);
  }

  /** A job of this visit, made without a form, since that is not what is looked at. */
  async made(name: string, type: string, spec: object): Promise<string> {
    const body = { task_type: type, name, tags: { suite: this.run }, ...spec };
    return (await this.api<CreatedJob>("POST", "/jobs", body)).id;
  }

  /** The job, once it has ended. */
  async ended(id: string): Promise<CreatedJob> {
    return vi.waitUntil(
      async () => {
        const job = await this.job(id);
        return TERMINAL_STATUSES.has(job.status) && job;
      },
      { timeout: 60_000, interval: 200 },
    );
  }
}

/** Begun before the tests of a file, signed in, and ended after them: then the page must have broken no rule. */
export function startSession(signedIn = true): ConsoleSession {
  const visit = new ConsoleSession();
  beforeAll(async () => {
    await visit.begin();
    if (!signedIn) return;
    const signed = visit.page.waitForRequest((request) => "authorization" in request.headers());
    await signIn(visit.page);
    await signed;
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await visit.page.screenshot({ path: "../build/console-failed.png" });
  });
  afterAll(async () => {
    await visit.leave();
    await visit.browser.close();
    expect(visit.said, "what the page threw, or its policy refused").toEqual([]);
  });
  return visit;
}

/** The id of the job whose page is shown. */
export const shownJobId = (page: Page): string => /job_[0-9A-Z]+/.exec(page.url())?.[0] ?? "";

/** Have something happen to the platform: see tests/twin/happening.py. */
export function triggerPlatformEvent(what: "give-up" | "hold" | "let-go", which: string): void {
  execFileSync("python", ["-m", "tests.twin.happening", what, which], { stdio: "inherit" });
}

/** What a shell prints that is given the text, signed in by the token. */
export function runShell(text: string, token: string): string {
  const env = { ...process.env, SHOAL_API_URL: API, SHOAL_TOKEN: token };
  return execFileSync("sh", ["-c", text], { env, encoding: "utf8", stdio: "pipe" });
}
