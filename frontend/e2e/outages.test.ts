/** What goes wrong around the console, and that the page stays and says a way on. */

import { expect, test } from "vitest";
import { CONSOLE, newContext, fillSignInForm, signIn } from "./browser";
import { startSession } from "./console-session";

const visit = startSession();
let job = "";

const jobs = (): string => `/jobs?tag=suite=${visit.run}`;

test("a job is there to be looked at", async () => {
  job = await visit.made("faults", "fail_below", { count: 1, params: { attempts: 1 } });
  await visit.goto(jobs());

  await visit.row(/faults/).waitFor();
});

test("nothing is asked in a tab that nobody sees, and what was missed once it is seen again", async () => {
  const quiet = await newContext(visit.browser);
  const page = await quiet.newPage();
  await page.clock.install(); // so that minutes need not be waited for
  await signIn(page, jobs());
  await page.getByRole("row", { name: /faults/ }).waitFor();
  await page.getByRole("button", { name: "Pace of refresh" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Every 2 seconds" }).click();
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/api/v1/")) asked.push(request.url());
  });
  const show = (hidden: boolean): Promise<void> =>
    page.evaluate((now) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => now });
      Object.defineProperty(document, "visibilityState", {
        configurable: true,
        get: () => (now ? "hidden" : "visible"),
      });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);

  await show(true);
  await page.clock.runFor(60_000);
  await page.evaluate(() => fetch("/config.json")); // whatever was asked before it is known by now
  expect(asked).toEqual([]);

  await show(false);
  await page.clock.runFor(3_000);
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  await quiet.close();
});

test("a session that ends is begun again beside, and the page stays as it is", async () => {
  const { page } = visit;
  await visit.goto("/jobs/new?type=needs");
  await page.getByRole("textbox", { name: "path" }).fill("kept");
  await page.route("**/token", (route) => route.fulfill({ status: 400, json: { error: "invalid_grant" } }));
  await page.route("**/api/v1/jobs", (route) => route.fulfill({ status: 401, json: { message: "Unauthorized" } }), {
    times: 1,
  });
  await visit.button("Submit 1 task").click(); // neither the token nor a renewal of it is taken
  await page.getByRole("dialog", { name: "Your session has ended" }).waitFor();
  const beside = page.waitForEvent("popup");
  await visit.button("Sign in again").click();
  await fillSignInForm(await beside);

  await visit.dialog.waitFor({ state: "hidden" });
  expect(await page.getByRole("textbox", { name: "path" }).inputValue()).toBe("kept");
  await page.unroute("**/token");
});

test("another tenant's job is not there for a user of a second tenant", async () => {
  const other = await newContext(visit.browser);
  const theirs = await other.newPage();
  await signIn(theirs, `/jobs/${job}`, { user: "ada", tenant: "acme", admin: false });

  await theirs.getByText("There is no such thing").waitFor();
  await other.close();
});

test("a fault of the API is told, and the page goes on by itself", async () => {
  const { page } = visit;
  await page.route("**/api/v1/jobs?*", (route) => route.fulfill({ status: 503, json: { detail: "away" } }));
  await visit.goto(jobs());
  await page.getByText("A service behind the API is away").first().waitFor();
  await page.unroute("**/api/v1/jobs?*");

  await visit.row(/faults/).waitFor({ timeout: 20_000 });
});

test("who is offline is told so, sees what was last fetched, and is up to date once the network is back", async () => {
  const { page } = visit;
  await visit.goto(jobs());
  await visit.row(/faults/).waitFor();
  await visit.context.setOffline(true);
  await page.getByText("You are offline").waitFor();
  expect(await visit.row(/faults/).count()).toBe(1);
  await visit.made("made-meanwhile", "fail_below", { count: 1, params: { attempts: 1 } });
  await visit.context.setOffline(false);

  await page.getByText("You are offline").waitFor({ state: "hidden" });
  await visit.row(/made-meanwhile/).waitFor();
  expect(new URL(page.url()).origin).toBe(CONSOLE);
  visit.said = visit.said.filter((each) => !each.includes("ERR_INTERNET_DISCONNECTED"));
});
