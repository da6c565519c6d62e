/** Many jobs: found, sorted, kept in view, and steered together, on a page or on all pages. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { CONSOLE } from "./browser";
import { FLAG, triggerPlatformEvent, startSession } from "./console-session";

const visit = startSession();

/** Jobs that nobody works on, since their queue is no worker's; they begin when somebody does. */
const WAITING = { count: 2, priority: "low", params: { path: `${FLAG}.never` } };
const NAMES = ["many-a", "many-b", "many-c"];

beforeAll(async () => {
  for (const [i, name] of NAMES.entries()) await visit.made(name, "exists", { ...WAITING, count: i + 1 });
  const done = await visit.made("many-done", "fail_below", { count: 4, params: { attempts: 1 } });
  await visit.ended(done);
});

afterAll(() => triggerPlatformEvent("let-go", "BulkActions"));

const shown = (): string => `/jobs?tag=suite=${visit.run}`;
const names = (): Promise<string[]> => visit.page.getByRole("link", { name: /^many-/ }).allInnerTexts();

test("jobs are found by filters that are in the address, and kept under a name", async () => {
  const { page } = visit;
  await visit.goto(shown());
  await visit.row(/many-done/).waitFor();
  await page.getByRole("combobox", { name: "Filter jobs" }).fill("Status = Completed");
  await page.keyboard.press("Enter");
  await expect.poll(names).toEqual(["many-done"]);
  expect(new URL(page.url()).searchParams.get("status")).toBe("COMPLETED");

  await visit.choose("Saved views", "Save these filters");
  await visit.dialog.getByLabel("Name").fill("Done of mine");
  await visit.agree("Save");
  await visit.button("Saved views").click();
  await page.getByRole("menuitemcheckbox", { name: "All jobs" }).click();
  await expect.poll(() => page.url()).toBe(`${CONSOLE}/jobs`);
  await page.reload();
  await visit.button("Saved views").click();
  await page.getByRole("menuitemcheckbox", { name: "Done of mine" }).click();
  await expect.poll(names).toEqual(["many-done"]);
});

test("jobs are sorted by what one clicks, and again the other way", async () => {
  await visit.goto(shown());
  await visit.row(/many-done/).waitFor();
  const header = visit.page.getByRole("columnheader", { name: "Tasks" }).getByRole("button").first();

  await header.press("Enter"); // what is under the pointer is a copy that sticks to the top
  await expect.poll(names).toEqual(["many-a", "many-b", "many-c", "many-done"]);
  await header.press("Enter");
  await expect.poll(names).toEqual(["many-done", "many-c", "many-b", "many-a"]);
});

test("a refresh keeps what is selected and where one looks", async () => {
  const { page } = visit;
  await page.setViewportSize({ width: 1440, height: 420 }); // so that there is something to scroll
  await visit.goto(shown());
  await page.getByRole("checkbox", { name: "Select many-b" }).check();
  await visit.button(/^Refresh now/).focus(); // a click would scroll to it
  await page.evaluate(() => scrollTo(0, 100));
  await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(0);
  const place = async (): Promise<number> => (await page.getByRole("row", { name: /many-b/ }).boundingBox())?.y ?? -1;
  const before = await place();
  const asked = page.waitForResponse((answer) => answer.url().includes("/api/v1/jobs?"));
  await page.keyboard.press("Enter");
  await asked;
  await visit.button(/^Refresh now\. \w+$/).waitFor(); // it is not asking any more

  expect(await page.getByRole("checkbox", { name: "Select many-b" }).isChecked()).toBe(true);
  expect(await place()).toBeCloseTo(before, 0);
  await page.setViewportSize({ width: 1440, height: 900 });
});

test("what is selected is steered together, and what it does not fit is left alone", async () => {
  const { page } = visit;
  await visit.goto(shown());
  for (const name of ["many-a", "many-b", "many-done"])
    await page.getByRole("checkbox", { name: `Select ${name}` }).check();
  await visit.choose("Actions", "Pause");
  await visit.dialog
    .getByText("It concerns 3 tasks of 2 jobs. 1 other selected job cannot do it in its state")
    .waitFor();
  await visit.agree("Pause: 2 jobs");

  await page.getByText("Pause: 2 of 2 jobs done").waitFor();
  for (const name of ["many-a", "many-b"]) await visit.row(new RegExp(`${name}.*Paused`)).waitFor();
  expect(await visit.row(/many-c.*Paused/).count()).toBe(0);
});

test("all that match are counted, then steered, each once, with what refused named", async () => {
  const { page } = visit;
  await visit.goto(`${shown()}&name=many-`);
  await visit.row(/many-done/).waitFor();
  await visit.choose("All that match", "Resume");
  await visit.dialog.getByText(/^4 jobs: what waits of each may begin again/).waitFor();
  await visit.agree("Resume: 4 jobs");

  await page.getByText("3 done, 1 refused, of 4 jobs (100%)").first().waitFor();
  expect(new URL(page.url()).pathname).toBe("/bulk-actions");
  await page.getByRole("heading", { name: "Refused (1)" }).waitFor();
  await page.getByRole("table", { name: "Refused jobs" }).getByRole("link").first().click();
  await visit.heading(/^many-/).waitFor();
  await visit.goto(shown());
  await expect.poll(() => visit.row(/Paused/).count()).toBe(0);
});

test("a bulk action under way is aborted, and does nothing more", async () => {
  const { page } = visit;
  await visit.goto(`${shown()}&name=many-`);
  await visit.row(/many-done/).waitFor();
  await visit.choose("All that match", "Cancel");
  await visit.dialog.getByText(/^4 jobs/).waitFor();
  triggerPlatformEvent("hold", "BulkActions"); // as if there were very many jobs
  await visit.agree("Cancel: 4 jobs");
  await page.getByText("Running", { exact: true }).first().waitFor();
  await visit.button("Abort").click();
  await visit.dialog.getByText("It stops before its next 50 jobs. What it did to 0 jobs stays done.").waitFor();
  await visit.agree("Abort");
  await page.getByText("Stopping", { exact: true }).first().waitFor();
  triggerPlatformEvent("let-go", "BulkActions");

  await page.getByText("Aborted: 0 done, 0 refused, of 4 jobs (0%)").first().waitFor();
  const { items } = await visit.api<{ items: { name: string; ending: string | null }[] }>("GET", shown());
  expect(items.filter((each) => each.ending)).toEqual([]);
});
