/** Takes screenshots of all screens in light mode, in dark mode and on a phone, and writes them to docs/screens.
 *
 * The local platform must be running (`make up`). CONSOLE_URL, API_URL and TOKEN_FILE select another one. SCREENS
 * limits the screenshots to some screens, separated by commas.
 */

import { mkdirSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const CONSOLE = process.env.CONSOLE_URL ?? "http://localhost:3000";
const API = process.env.API_URL ?? "http://127.0.0.1:8000";
const TOKEN = readFileSync(process.env.TOKEN_FILE ?? "../.twin/token", "utf8").trim();
const OUTPUT = new URL("../../docs/screens/", import.meta.url).pathname;

const APPEARANCES = {
  desktop: { viewport: { width: 1440, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true },
};

async function callApi(method, path, body) {
  const response = await fetch(`${API}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Creates the jobs of the screenshots. Reuses the jobs of an earlier run. */
async function seed() {
  const specs = {
    "nightly-report": { task_type: "noop", count: 20_000, chunk_size: 100, tags: { team: "finance" } },
    "fetch-orders": {
      task_type: "io",
      inputs: Array.from({ length: 500 }, (_, i) => ({
        delay: 0.02,
        ...(i % 9 === 0 ? { url: `http://orders-${i}.internal/` } : {}),
        ...(i % 31 === 1 ? { url: `ftp://archive-${i}/` } : {}),
        ...(i % 50 === 7 ? { delay: 3 } : {}), // exceeds the timeout
      })),
      timeout: 1,
      retry: { max_attempts: 2, backoff: 0.1 },
      tags: { team: "orders" },
    },
    "count-primes": { task_type: "cpu", grid: { n: [1_000, 50_000, 200_000] }, tags: { team: "ml" } },
  };
  const jobs = {};
  for (const [name, spec] of Object.entries(specs)) {
    const { items } = await callApi("GET", `/jobs?name=${name}&limit=1`);
    const job = items[0] ?? (await callApi("POST", "/jobs", { name, ...spec }));
    jobs[name] = job.id;
    for (let now = job; !now.finished_at; now = await callApi("GET", `/jobs/${job.id}`)) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
  const { items: bulkActions } = await callApi("GET", "/bulk-actions?limit=1");
  if (!bulkActions.length) {
    for (const bulkAction of [
      { action: "retry", filter: { tag: "team=orders" }, dry_run: true },
      { action: "pause", filter: { tag: "team=finance" }, dry_run: false },
    ]) {
      await callApi("POST", "/bulk-actions", bulkAction);
    }
  }
  const slow = { name: "crawl-sites", task_type: "io", count: 60, chunk_size: 1, params: { delay: 15 } };
  jobs["crawl-sites"] = (await callApi("POST", "/jobs", { ...slow, tags: { team: "search" } })).id;
  return jobs;
}

const jobs = await seed();
const failed = `/jobs/${jobs["fetch-orders"]}`;
const SCREENS = {
  jobs: "/jobs",
  "jobs-filtered": "/jobs?status=FAILED&tag=team=orders",
  "jobs-none": "/jobs?name=no-such-job",
  "job-running": `/jobs/${jobs["crawl-sites"]}`,
  "job-map": `/jobs/${jobs["nightly-report"]}`,
  "job-failures": `${failed}?tab=failures`,
  "job-durations": `${failed}?tab=durations`,
  "job-results": `${failed}?tab=results`,
  "job-events": `${failed}?tab=events`,
  "job-specification": `${failed}?tab=spec`,
  "job-missing": "/jobs/job_00000000000000000000000000",
  task: `${failed}?task=7`,
  "new-job": "/jobs/new?type=io",
  "task-types": "/task-types",
  workers: "/workers",
  "dead-letters": "/dead-letters",
  "bulk-actions": "/bulk-actions",
  activity: "/activity",
  settings: "/settings",
};
/** The screens whose main content is below the fold. Their screenshots include the whole page. */
const FULL_HEIGHT = /^job-(failures|durations|results|events|specification)$|^new-job$/;

mkdirSync(OUTPUT, { recursive: true });
const selected = process.env.SCREENS?.split(",") ?? Object.keys(SCREENS);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
for (const [appearance, options] of Object.entries(APPEARANCES)) {
  const context = await browser.newContext({ ...options, reducedMotion: "reduce", timezoneId: "Europe/Berlin" });
  const page = await context.newPage();
  await page.goto(`${CONSOLE}/jobs`);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  if (!process.env.SCREENS) await page.screenshot({ path: `${OUTPUT}sign-in-${appearance}.png` });
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  for (const name of selected) {
    await page.goto(CONSOLE + SCREENS[name]);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await page.waitForTimeout(1_500); // screens with live updates never become idle
    await page
      .getByText(/^(Loading|Grouping)/)
      .first()
      .waitFor({ state: "hidden" });
    // The option `fullPage` makes Cloudscape switch briefly to its mobile layout.
    const height = FULL_HEIGHT.test(name) && (await page.evaluate(() => document.documentElement.scrollHeight));
    if (height) await page.setViewportSize({ ...options.viewport, height });
    await page.screenshot({ path: `${OUTPUT}${name}-${appearance}.png` });
    await page.setViewportSize(options.viewport);
  }
  await context.close();
}
await browser.close();
