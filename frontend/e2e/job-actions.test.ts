/** Steering one job: pause, cancel, priority, dead letters, retries of some, discards, clones. */

import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FLAG, triggerPlatformEvent, shownJobId, startSession } from "./console-session";

const visit = startSession();

test("a job is paused, resumed and cancelled, each saying what it does", async () => {
  const { page } = visit;
  const id = await visit.made("steered", "exists", { count: 4, chunk_size: 1, params: { path: `${FLAG}.never` } });
  await visit.goto(`/jobs/${id}`);
  await visit.confirm("Pause", "Pause");
  await visit.button("Resume").waitFor();
  await visit.confirm("Resume", "Resume");
  await visit.button("Pause").waitFor();
  await visit.button("Cancel").click();
  await page.getByText(/4 tasks that have not ended will be cancelled/).waitFor();
  await visit.agree("Cancel job");

  await visit.status("Cancelled").waitFor({ timeout: 45_000 });
  await page.getByRole("tab", { name: "Events" }).click();
  for (const word of ["Submitted", "Paused", "Resumed", "Cancelled"]) {
    await visit.row(new RegExp(`${word} you`)).waitFor();
  }
});

test("what nobody works on is made urgent, and its dead letters are run again, a few first", async () => {
  const { page } = visit;
  const mended = `${FLAG}.mended`;
  const id = await visit.made("given-up", "needs", {
    count: 3,
    chunk_size: 1,
    priority: "low",
    params: { path: mended },
  });
  await visit.goto(`/jobs/${id}`);
  await visit.choose("Actions", "Change");
  await visit.dialog.getByRole("button", { name: "High", exact: true }).click();
  await visit.agree("Change job");
  await expect.poll(() => visit.job(id)).toMatchObject({ priority: "high", counts: { pending: 3 } });

  triggerPlatformEvent("give-up", "low"); // its messages still wait where no worker looks
  await visit.status("Failed").waitFor({ timeout: 45_000 }); // they were sent again, where workers look
  await visit.goto("/dead-letters");
  const letters = visit.row(new RegExp(`Given up 3 .*${id}`));
  await letters.getByText("3", { exact: true }).first().waitFor();
  await letters.getByRole("button", { name: /^Retry failed/ }).click();
  await visit.dialog.getByText(/^One of 3 tasks that did not complete will run again first/).waitFor();
  writeFileSync(mended, "");
  await visit.agree("Retry failed");

  await letters.getByRole("link", { name: id, exact: true }).click();
  await visit.status("Completed").waitFor({ timeout: 45_000 });
  await page.getByRole("tab", { name: "Events" }).click();
  await visit.row(/Canary ended/).waitFor();
  for (const word of ["Changed", "Retried"]) await visit.row(new RegExp(`${word} you`)).waitFor();
});

let twofold = "";

test("tasks of one cause are run again, a few first, and those of another are left", async () => {
  const { page } = visit;
  const path = `${FLAG}.twofold`;
  const inputs = [..."kkkkvvv"].map((each) => ({ what: each === "k" ? "key" : "value", path }));
  twofold = await visit.made("twofold", "wants", { inputs });
  await visit.goto(`/jobs/${twofold}?tab=failures`);
  await visit.row(/KeyError/).waitFor({ timeout: 45_000 });
  await visit.status("Failed").waitFor();
  writeFileSync(path, "");
  await visit.button("Retry failed").click();
  await visit.dialog.getByLabel("Those of one cause").click();
  await visit.dialog.getByRole("button", { name: /Cause/ }).click();
  await page.getByRole("option", { name: /KeyError/ }).click();
  await visit.dialog.getByLabel("A few first").click();
  await visit.dialog.getByLabel("Goes first, in %").fill("50");
  await visit.dialog.getByLabel("Has to complete, in %").fill("100");
  await visit.dialog
    .getByText(/^About 2 of 4 tasks that failed with KeyError .* If at least 2 of them complete, the other 2 follow/)
    .waitFor();
  await visit.agree("Retry failed");

  await expect
    .poll(async () => (await visit.job(twofold)).counts, { timeout: 45_000 })
    .toMatchObject({ completed: 4, failed: 3 });
  await visit.status("Failed").waitFor();
  await expect.poll(() => visit.row(/KeyError/).count()).toBe(0);
  await visit.row(/ValueError/).waitFor();
});

test("a cause is discarded for a reason that all can read, and a retry of all leaves it out", async () => {
  const { page } = visit;
  await visit.goto(`/jobs/${twofold}?tab=failures`);
  await visit.button(/^Discard these/).click();
  expect(await visit.dialog.getByRole("button", { name: "Discard", exact: true }).isDisabled()).toBe(true);
  await visit.dialog.getByLabel("Reason").fill("values of last year");
  await visit.agree("Discard");

  await visit
    .row(/ValueError/)
    .getByText(/^Discarded by you, .*: values of last year$/)
    .waitFor();
  await visit.button("Retry failed").click();
  await visit.dialog.getByText("All that did not complete (0)").waitFor();
  expect(await visit.dialog.getByRole("button", { name: "Retry failed" }).isDisabled()).toBe(true);
  await visit.dialog.getByRole("button", { name: "Back" }).click();
  await page.getByRole("tab", { name: "Events" }).click();
  await visit.row(/Discarded failures you .*values of last year/).waitFor();
});

test("a clone runs the same inputs under a name of its own", async () => {
  await visit.goto(`/jobs/${twofold}`);
  await visit.choose("Actions", "Clone");
  await visit.dialog.getByLabel("Name").fill("twofold again");
  await visit.agree("Clone job");

  await visit.heading("twofold again").waitFor();
  const id = shownJobId(visit.page);
  expect(id).not.toBe(twofold);
  await visit.status("Completed").waitFor({ timeout: 45_000 });
  const { items } = await visit.api<{ items: { result: string }[] }>("GET", `/jobs/${id}/results`);
  expect(items.map((each) => each.result)).toEqual(["key", "key", "key", "key", "value", "value", "value"]);
});
