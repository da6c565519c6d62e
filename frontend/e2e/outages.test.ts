/** Hidden tabs, expired sessions, other tenants, and outages of the API and of the network. */

import { expect, test } from "vitest";
import { CONSOLE, fillSignInForm, newContext, signIn } from "./browser";
import { startSession } from "./console-session";

declare global {
  interface Window {
    popup: Window | null;
  }
}

const ui = startSession();
let job = "";

const jobsPath = (): string => `/jobs?tag=suite=${ui.run}`;

test("the table shows a new job", async () => {
  job = await ui.submit("outages", "fail_below", { count: 1, params: { attempts: 1 } });
  await ui.goto(jobsPath());

  await ui.row(/outages/).waitFor();
});

test("a hidden tab sends no requests, and refreshes when it becomes visible", async () => {
  const context = await newContext(ui.browser);
  const page = await context.newPage();
  await page.clock.install(); // so that the test does not wait for minutes
  await signIn(page, jobsPath());
  await page.getByRole("row", { name: /outages/ }).waitFor();
  await page.getByRole("button", { name: "Refresh interval" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Every 2 seconds" }).click();
  const requests: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/api/v1/")) requests.push(request.url());
  });
  const setHidden = (hidden: boolean): Promise<void> =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
      Object.defineProperty(document, "visibilityState", {
        configurable: true,
        get: () => (value ? "hidden" : "visible"),
      });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);

  await setHidden(true);
  await page.clock.runFor(60_000);
  await page.evaluate(() => fetch("/config.json")); // waits for the events of earlier requests
  expect(requests).toEqual([]);

  await setHidden(false);
  await page.clock.runFor(3_000);
  await expect.poll(() => requests.length).toBeGreaterThan(0);
  await context.close();
});

test("a user with an expired session signs in again in a popup, and the form keeps its input", async () => {
  const { page } = ui;
  await ui.goto("/jobs/new?type=needs");
  await page.getByRole("textbox", { name: "path" }).fill("kept");
  await page.route("**/token", (route) => route.fulfill({ status: 400, json: { error: "invalid_grant" } }));
  await page.route("**/api/v1/jobs", (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }), {
    times: 1,
  });
  await ui.button("Submit 1 task").click(); // the API rejects the token, and the issuer rejects its renewal
  await page.getByRole("dialog", { name: "Your session has expired" }).waitFor();
  const popup = page.waitForEvent("popup");
  await ui.button("Sign in again").click();
  await fillSignInForm(await popup);

  await ui.dialog.waitFor({ state: "hidden" });
  expect(await page.getByRole("textbox", { name: "path" }).inputValue()).toBe("kept");
  await page.unroute("**/token");
});

test("the console sees that its popup is open while the user signs in", async () => {
  const { page } = ui;
  await ui.goto("/jobs/new?type=needs");
  await page.route("**/token", (route) => route.fulfill({ status: 400, json: { error: "invalid_grant" } }));
  await page.route("**/api/v1/jobs", (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }), {
    times: 1,
  });
  await page.evaluate(() => {
    const open = window.open.bind(window);
    window.open = (...given) => (window.popup = open(...given));
  });
  await page.getByRole("textbox", { name: "path" }).fill("kept");
  await ui.button("Submit 1 task").click();
  const popup = page.waitForEvent("popup");
  await ui.button("Sign in again").click();
  await (await popup).getByRole("button", { name: "Sign in" }).waitFor();

  expect(await page.evaluate(() => window.popup?.closed)).toBe(false);
  await fillSignInForm(await popup);
  await ui.dialog.waitFor({ state: "hidden" });
  await page.unroute("**/token");
});

test("a user of another tenant does not find the job", async () => {
  const context = await newContext(ui.browser);
  const page = await context.newPage();
  await signIn(page, `/jobs/${job}`, { user: "ada", tenant: "acme", admin: false });

  await page.getByText("Not found", { exact: true }).waitFor();
  await context.close();
});

test("a warning appears while the API is unavailable, and the page recovers", async () => {
  const { page } = ui;
  await page.route("**/api/v1/jobs?*", (route) => route.fulfill({ status: 503, json: { detail: "some reason" } }));
  await ui.goto(jobsPath());
  await page.getByText("Service unavailable").first().waitFor();
  await page.unroute("**/api/v1/jobs?*");

  await ui.row(/outages/).waitFor({ timeout: 20_000 });
});

test("an offline page keeps its data, and is up to date once the network is back", async () => {
  const { page } = ui;
  await ui.goto(jobsPath());
  await ui.row(/outages/).waitFor();
  await ui.context.setOffline(true);
  await page.getByText("You are offline").waitFor();
  expect(await ui.row(/outages/).count()).toBe(1);
  await ui.submit("submitted-meanwhile", "fail_below", { count: 1, params: { attempts: 1 } });
  await ui.context.setOffline(false);

  await page.getByText("You are offline").waitFor({ state: "hidden" });
  await ui.row(/submitted-meanwhile/).waitFor();
  expect(new URL(page.url()).origin).toBe(CONSOLE);
  const expected = ui.pageErrors.filter((each) => each.includes("ERR_INTERNET_DISCONNECTED"));
  for (const each of expected) ui.pageErrors.splice(ui.pageErrors.indexOf(each), 1);
});
