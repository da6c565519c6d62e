/** Every screen, dialog and panel in all four looks, by the rules of WCAG 2.2 AA. */

import { beforeAll, expect, test } from "vitest";
import { axeViolations } from "./browser";
import { FLAG, startSession } from "./console-session";

const visit = startSession();
let failed = "";
let waiting = "";

beforeAll(async () => {
  const path = `${FLAG}.never`;
  failed = await visit.made("looked-at", "needs", { count: 4, params: { path } });
  waiting = await visit.made("waiting", "needs", { count: 4, priority: "low", params: { path } });
  await visit.api("POST", "/bulk-actions", { action: "resume", filter: { tag: `suite=${visit.run}` }, dry_run: true });
  await visit.ended(failed);
});

const LOOKS = [
  { dark: false, phone: false },
  { dark: true, phone: false },
  { dark: true, phone: true },
  { dark: false, phone: true },
];

/** What keeps somebody out of the page as it now is, in each look. */
async function keptOut(where: string): Promise<string[]> {
  const { page } = visit;
  const found: string[] = [];
  for (const { dark, phone } of LOOKS) {
    await page.setViewportSize(phone ? { width: 390, height: 844 } : { width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    await page.locator(dark ? "body.awsui-dark-mode" : "body:not(.awsui-dark-mode)").waitFor();
    const each = await axeViolations(page);
    found.push(...each.map((said) => `${where} (dark ${dark}, phone ${phone}): ${said}`));
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  return found;
}

async function settled(path: string): Promise<void> {
  await visit.goto(path);
  await visit.page.getByRole("heading", { level: 1 }).first().waitFor();
  await visit.page.waitForLoadState("networkidle");
  await visit.page
    .getByText(/^(Loading|Grouping|Reading)/)
    .first()
    .waitFor({ state: "hidden" });
}

test("no screen keeps anybody out, in any look", async () => {
  const screens = [
    `/jobs?tag=suite=${visit.run}`,
    "/jobs/new?type=needs",
    `/jobs/${failed}?tab=tasks`,
    `/jobs/${failed}?tab=failures`,
    `/jobs/${failed}?tab=events`,
    `/jobs/${failed}?tab=results`,
    `/jobs/${failed}?task=1&tab=spec`,
    "/task-types",
    "/workers",
    "/dead-letters",
    "/bulk-actions",
    "/activity",
    "/settings",
    "/nowhere",
  ];
  const found: string[] = [];
  for (const path of screens) {
    await settled(path);
    found.push(...(await keptOut(path)));
  }

  expect(found).toEqual([]);
});

test("no dialog keeps anybody out, in any look", async () => {
  const { page } = visit;
  const found: string[] = [];
  const opened: [string, string, () => Promise<void>][] = [
    [failed, "retry", () => visit.button("Retry failed").click()],
    [failed, "discard", () => visit.choose("Actions", "Discard failed")],
    [failed, "clone", () => visit.choose("Actions", "Clone")],
    [failed, "delete", () => visit.choose("Actions", "Delete")],
    [waiting, "change", () => visit.choose("Actions", "Change")],
    [waiting, "cancel", () => visit.button("Cancel").click()],
    [waiting, "palette", () => page.keyboard.press("Control+k")],
  ];
  let at = "";
  for (const [job, what, open] of opened) {
    if (at !== job) await settled(`/jobs/${job}`);
    at = job;
    await open();
    await visit.dialog.waitFor();
    found.push(...(await keptOut(what)));
    await page.keyboard.press("Escape");
    await visit.dialog.waitFor({ state: "hidden" });
  }

  expect(found).toEqual([]);
});
