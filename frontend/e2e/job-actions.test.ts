/** Actions on one job: pause, cancel, change, retry, discard and clone. */

import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FLAG, shownJobId, startSession, triggerPlatformEvent } from "./console-session";

const ui = startSession();

test("a job is paused, resumed and cancelled, each after confirmation", async () => {
  const { page } = ui;
  const id = await ui.submit("controlled", "exists", { count: 4, chunk_size: 1, params: { path: `${FLAG}.never` } });
  await ui.goto(`/jobs/${id}`);
  await ui.clickAndConfirm("Pause", "Pause job");
  await ui.button("Resume").waitFor();
  await ui.clickAndConfirm("Resume", "Resume job");
  await ui.button("Pause").waitFor();
  await ui.button("Cancel").click();
  await page.getByText(/^Cancels 4 unfinished tasks\./).waitFor();
  await ui.confirm("Cancel job");

  await ui.status("Cancelled").waitFor({ timeout: 45_000 });
  await page.getByRole("tab", { name: "Activity" }).click();
  for (const action of ["Submitted", "Paused", "Resumed", "Cancelled"]) {
    await ui.row(new RegExp(`${action} you`)).waitFor();
  }
});

test("a waiting job gets another priority, and its dead letters are retried with a canary", async () => {
  const { page } = ui;
  const fixedFlag = `${FLAG}.fixed`;
  const id = await ui.submit("dead-letters", "needs", {
    count: 3,
    chunk_size: 1,
    priority: "low",
    params: { path: fixedFlag },
  });
  await ui.goto(`/jobs/${id}`);
  await ui.chooseFromMenu("Actions", "Change");
  await ui.dialog.getByRole("button", { name: "High", exact: true }).click();
  await ui.confirm("Save changes");
  await expect.poll(() => ui.job(id)).toMatchObject({ priority: "high", counts: { pending: 3 } });

  triggerPlatformEvent("exhaust-receives", "low"); // the messages are still in the queue that no worker receives from
  await ui.status("Failed").waitFor({ timeout: 45_000 }); // the messages were sent again, to the high queue
  await ui.goto("/dead-letters");
  const deadLetters = ui.row(new RegExp(`Not finished 3 .*${id}`));
  await deadLetters.getByText("3", { exact: true }).first().waitFor();
  await deadLetters.getByRole("button", { name: /^Retry failed tasks/ }).click();
  await ui.dialog.getByText(/^Retries a canary of 1 of 3 tasks that did not complete/).waitFor();
  writeFileSync(fixedFlag, "");
  await ui.confirm("Retry failed tasks");

  await deadLetters.getByRole("link", { name: id, exact: true }).click();
  await ui.status("Completed").waitFor({ timeout: 45_000 });
  await page.getByRole("tab", { name: "Activity" }).click();
  await ui.row(/Canary ended/).waitFor();
  for (const action of ["Changed", "Retried"]) await ui.row(new RegExp(`${action} you`)).waitFor();
});

let twoCauses = "";

test("a retry of one cause with a canary does not run the tasks of another cause", async () => {
  const { page } = ui;
  const path = `${FLAG}.two-causes`;
  const inputs = [..."kkkkvvv"].map((each) => ({ what: each === "k" ? "key" : "value", path }));
  twoCauses = await ui.submit("two-causes", "wants", { inputs });
  await ui.goto(`/jobs/${twoCauses}?tab=failures`);
  await ui.row(/KeyError/).waitFor({ timeout: 45_000 });
  await ui.status("Failed").waitFor();
  writeFileSync(path, "");
  await ui.button("Retry failed tasks").click();
  await ui.dialog.getByLabel("Tasks with a specific cause").click();
  await ui.dialog.getByRole("button", { name: /Cause/ }).click();
  await page.getByRole("option", { name: /KeyError/ }).click();
  await ui.dialog.getByLabel("Canary first").click();
  await ui.dialog.getByLabel("Canary size (%)").fill("50");
  await ui.dialog.getByLabel("Required success rate (%)").fill("100");
  await ui.dialog
    .getByText(
      /canary of about 2 of 4 tasks that failed with KeyError .* If at least 2 of the canary tasks complete, the other 2/,
    )
    .waitFor();
  await ui.confirm("Retry failed tasks");

  await expect
    .poll(async () => (await ui.job(twoCauses)).counts, { timeout: 45_000 })
    .toMatchObject({ completed: 4, failed: 3 });
  await ui.status("Failed").waitFor();
  await expect.poll(() => ui.row(/KeyError/).count()).toBe(0);
  await ui.row(/ValueError/).waitFor();
});

test("a cause is discarded with a reason, and a retry of all failed tasks skips it", async () => {
  const { page } = ui;
  await ui.goto(`/jobs/${twoCauses}?tab=failures`);
  await ui.button(/^Discard tasks/).click();
  expect(await ui.dialog.getByRole("button", { name: "Discard tasks" }).isDisabled()).toBe(true);
  await ui.dialog.getByLabel("Reason").fill("values of last year");
  await ui.confirm("Discard tasks");

  await ui
    .row(/ValueError/)
    .getByText(/^Discarded by you, .*: values of last year$/)
    .waitFor();
  await ui.button("Retry failed tasks").click();
  await ui.dialog.getByText("All tasks that did not complete (0)").waitFor();
  expect(await ui.dialog.getByRole("button", { name: "Retry failed tasks" }).isDisabled()).toBe(true);
  await ui.dialog.getByRole("button", { name: "Go back" }).click();
  await page.getByRole("tab", { name: "Activity" }).click();
  await ui.row(/Discarded tasks you .*values of last year/).waitFor();
});

test("a clone runs the same inputs under another name", async () => {
  await ui.goto(`/jobs/${twoCauses}`);
  await ui.chooseFromMenu("Actions", "Clone");
  await ui.dialog.getByLabel("Name").fill("two-causes again");
  await ui.confirm("Clone job");

  await ui.heading("two-causes again").waitFor();
  const id = shownJobId(ui.page);
  expect(id).not.toBe(twoCauses);
  await ui.status("Completed").waitFor({ timeout: 45_000 });
  const { items } = await ui.api<{ items: { result: string }[] }>("GET", `/jobs/${id}/results`);
  expect(items.map((each) => each.result)).toEqual(["key", "key", "key", "key", "value", "value", "value"]);
});
