/** All screens and dialogs meet WCAG 2.2 AA, in both themes, on a desktop and on a phone. */

import { beforeAll, expect, test } from "vitest";
import { SCREENS } from "../src/app/screens";
import { axeViolations } from "./browser";
import { FLAG, startSession } from "./console-session";

const ui = startSession();
let failedJob = "";
let waitingJob = "";

beforeAll(async () => {
  const path = `${FLAG}.never`;
  failedJob = await ui.submit("failed", "needs", { count: 4, params: { path } });
  waitingJob = await ui.submit("waiting", "needs", { count: 4, priority: "low", params: { path } });
  await ui.api("POST", "/bulk-actions", { action: "resume", filter: { tag: `suite=${ui.run}` }, dry_run: true });
  await ui.waitForEnd(failedJob);
});

const APPEARANCES = [
  { dark: false, phone: false },
  { dark: true, phone: false },
  { dark: true, phone: true },
  { dark: false, phone: true },
];

/** The violations of the current page in each appearance. */
async function violations(where: string): Promise<string[]> {
  const { page } = ui;
  const found: string[] = [];
  for (const { dark, phone } of APPEARANCES) {
    await page.setViewportSize(phone ? { width: 390, height: 844 } : { width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    await page.locator(dark ? "body.awsui-dark-mode" : "body:not(.awsui-dark-mode)").waitFor();
    const each = await axeViolations(page);
    found.push(...each.map((violation) => `${where} (dark ${dark}, phone ${phone}): ${violation}`));
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  return found;
}

async function openAndWait(path: string): Promise<void> {
  await ui.goto(path);
  await ui.page.getByRole("heading", { level: 1 }).first().waitFor();
  await ui.page.waitForLoadState("networkidle");
  await ui.page
    .getByText(/^(Loading|Grouping)/)
    .first()
    .waitFor({ state: "hidden" });
}

test("all screens are accessible in all appearances", async () => {
  const paths = [
    ...Object.values(SCREENS)
      .map(({ href }) => href)
      .filter((href) => !href.includes("$")),
    `/jobs?tag=suite=${ui.run}`,
    "/jobs/new?type=needs",
    `/jobs/${failedJob}?tab=tasks`,
    `/jobs/${failedJob}?tab=failures`,
    `/jobs/${failedJob}?tab=events`,
    `/jobs/${failedJob}?tab=results`,
    `/jobs/${failedJob}?task=1&tab=spec`,
    "/unknown",
  ];
  const found: string[] = [];
  for (const path of paths) {
    await openAndWait(path);
    found.push(...(await violations(path)));
  }

  expect(found).toEqual([]);
});

test("all dialogs are accessible in all appearances", async () => {
  const { page } = ui;
  const found: string[] = [];
  const dialogs: [string, string, () => Promise<void>][] = [
    [failedJob, "retry", () => ui.button("Retry failed tasks").click()],
    [failedJob, "discard", () => ui.chooseFromMenu("Actions", "Discard failed tasks")],
    [failedJob, "clone", () => ui.chooseFromMenu("Actions", "Clone")],
    [failedJob, "delete", () => ui.chooseFromMenu("Actions", "Delete")],
    [waitingJob, "change", () => ui.chooseFromMenu("Actions", "Change")],
    [waitingJob, "cancel", () => ui.button("Cancel").click()],
    [waitingJob, "search", () => page.keyboard.press("Control+k")],
  ];
  let currentJob = "";
  for (const [job, name, open] of dialogs) {
    if (currentJob !== job) await openAndWait(`/jobs/${job}`);
    currentJob = job;
    await open();
    await ui.dialog.waitFor();
    found.push(...(await violations(name)));
    await page.keyboard.press("Escape");
    await ui.dialog.waitFor({ state: "hidden" });
  }

  expect(found).toEqual([]);
});
