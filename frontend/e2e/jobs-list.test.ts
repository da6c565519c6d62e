/** The jobs table: filters, saved views, sorting, selection, and actions on several jobs. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { CONSOLE } from "./browser";
import { FLAG, startSession, triggerPlatformEvent } from "./console-session";

const ui = startSession();

/** No worker of the tests receives from the low queue, so these jobs do not start. */
const WAITING = { count: 2, priority: "low", params: { path: `${FLAG}.never` } };
const NAMES = ["many-a", "many-b", "many-c"];

beforeAll(async () => {
  for (const [i, name] of NAMES.entries()) await ui.submit(name, "exists", { ...WAITING, count: i + 1 });
  const done = await ui.submit("many-done", "fail_below", { count: 4, params: { attempts: 1 } });
  await ui.waitForEnd(done);
});

afterAll(() => triggerPlatformEvent("enable-function", "BulkActions"));

const jobsPath = (): string => `/jobs?tag=suite=${ui.run}`;
const shownNames = (): Promise<string[]> => ui.page.getByRole("link", { name: /^many-/ }).allInnerTexts();

test("the address contains the filter, and a saved view restores it", async () => {
  const { page } = ui;
  await ui.goto(jobsPath());
  await ui.row(/many-done/).waitFor();
  await page.getByRole("combobox", { name: "Filter jobs" }).fill("Status = Completed");
  await page.keyboard.press("Enter");
  await expect.poll(shownNames).toEqual(["many-done"]);
  expect(new URL(page.url()).searchParams.get("status")).toBe("COMPLETED");

  await ui.chooseFromMenu("Saved views", "Save view");
  await ui.dialog.getByLabel("Name").fill("My completed jobs");
  await ui.confirm("Save view");
  await ui.button("Saved views").click();
  await page.getByRole("menuitemcheckbox", { name: "All jobs" }).click();
  await expect.poll(() => page.url()).toBe(`${CONSOLE}/jobs`);
  await page.reload();
  await ui.button("Saved views").click();
  await page.getByRole("menuitemcheckbox", { name: "My completed jobs" }).click();
  await expect.poll(shownNames).toEqual(["many-done"]);
});

test("a click on a column header sorts the jobs, and a second one reverses the order", async () => {
  await ui.goto(jobsPath());
  await ui.row(/many-done/).waitFor();
  const header = ui.page.getByRole("columnheader", { name: "Tasks" }).getByRole("button").first();

  await header.press("Enter"); // a click would hit the copy of the header that sticks to the top
  await expect.poll(shownNames).toEqual(["many-a", "many-b", "many-c", "many-done"]);
  await header.press("Enter");
  await expect.poll(shownNames).toEqual(["many-done", "many-c", "many-b", "many-a"]);
});

test("a refresh keeps the selection and the scroll position", async () => {
  const { page } = ui;
  await page.setViewportSize({ width: 1440, height: 420 }); // small enough to scroll
  await ui.goto(jobsPath());
  await page.getByRole("checkbox", { name: "Select many-b" }).check();
  await ui.button(/^Refresh now/).focus(); // a click would scroll to the button
  await page.evaluate(() => scrollTo(0, 100));
  await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(0);
  const position = async (): Promise<number> =>
    (await page.getByRole("row", { name: /many-b/ }).boundingBox())?.y ?? -1;
  const before = await position();
  const response = page.waitForResponse((each) => each.url().includes("/api/v1/jobs?"));
  await page.keyboard.press("Enter");
  await response;
  await ui.button(/^Refresh now\. \w+$/).waitFor(); // no request is in flight

  expect(await page.getByRole("checkbox", { name: "Select many-b" }).isChecked()).toBe(true);
  expect(await position()).toBeCloseTo(before, 0);
  await page.setViewportSize({ width: 1440, height: 900 });
});

test("an action on selected jobs skips jobs whose state does not allow it", async () => {
  const { page } = ui;
  await ui.goto(jobsPath());
  for (const name of ["many-a", "many-b", "many-done"]) {
    await page.getByRole("checkbox", { name: `Select ${name}` }).check();
  }
  await ui.chooseFromMenu("Actions", "Pause");
  await ui.dialog.getByText("This action affects 3 tasks of 2 jobs. 1 other selected job is skipped").waitFor();
  await ui.confirm("Pause 2 jobs");

  await page.getByText("Paused 2 of 2 jobs").waitFor();
  for (const name of ["many-a", "many-b"]) await ui.row(new RegExp(`${name}.*Paused`)).waitFor();
  expect(await ui.row(/many-c.*Paused/).count()).toBe(0);
});

test("a bulk action counts the matching jobs, processes each once, and lists the refused ones", async () => {
  const { page } = ui;
  await ui.goto(`${jobsPath()}&name=many-`);
  await ui.row(/many-done/).waitFor();
  await ui.chooseFromMenu("Bulk actions", "Resume");
  await ui.dialog.getByText(/^The waiting tasks of 4 jobs can start/).waitFor();
  await ui.confirm("Resume 4 jobs");

  await page.getByText("3 done, 1 refused of 4 jobs (100%)").first().waitFor();
  expect(new URL(page.url()).pathname).toBe("/bulk-actions");
  await page.getByRole("heading", { name: "Refused jobs (1)" }).waitFor();
  await page.getByRole("table", { name: "Refused jobs" }).getByRole("link").first().click();
  await ui.heading(/^many-/).waitFor();
  await ui.goto(jobsPath());
  await expect.poll(() => ui.row(/Paused/).count()).toBe(0);
});

test("an aborted bulk action changes no further jobs", async () => {
  const { page } = ui;
  await ui.goto(`${jobsPath()}&name=many-`);
  await ui.row(/many-done/).waitFor();
  await ui.chooseFromMenu("Bulk actions", "Cancel");
  await ui.dialog.getByText(/of 4 jobs/).waitFor();
  triggerPlatformEvent("disable-function", "BulkActions"); // keeps the bulk action running, as if there were many jobs
  await ui.confirm("Cancel 4 jobs");
  await page.getByText("Running", { exact: true }).first().waitFor();
  await ui.button("Abort").click();
  await ui.dialog.getByText("before the next batch of 50 jobs. Changes to 0 jobs are not reverted.").waitFor();
  await ui.confirm("Abort");
  await page.getByText("Stopping", { exact: true }).first().waitFor();
  triggerPlatformEvent("enable-function", "BulkActions");

  await page.getByText("Aborted: 0 done, 0 refused of 4 jobs (0%)").first().waitFor();
  const { items } = await ui.api<{ items: { name: string; ending: string | null }[] }>("GET", jobsPath());
  expect(items.filter((each) => each.ending)).toEqual([]);
});
