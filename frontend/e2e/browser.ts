/** Starts Chromium, signs in, collects page errors, and checks accessibility. */

import { readFileSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

export const CONSOLE = process.env.CONSOLE_URL ?? "http://localhost:3000";
export const API = process.env.API_URL ?? "http://127.0.0.1:8000";

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** Milliseconds before an action fails. The machine can be busy with other tests. */
const TIMEOUT = 60_000;

export async function newContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  context.setDefaultTimeout(TIMEOUT);
  return context;
}

/** Collects uncaught errors and console errors, such as violations of the content security policy. */
export function collectPageErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    const text = message.text();
    // Chromium also logs 4xx responses, which some tests expect.
    if (message.type() === "error" && !text.startsWith("Failed to load resource")) errors.push(text);
  });
  return errors;
}

export interface Identity {
  user?: string;
  tenant?: string;
  admin?: boolean;
}

/** Fills in the sign-in form of the issuer. */
export async function fillSignInForm(
  page: Page,
  { user = "you", tenant = "default", admin = true }: Identity = {},
): Promise<void> {
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Tenant").fill(tenant);
  await page.getByRole("checkbox").setChecked(admin);
  await page.getByRole("button", { name: "Sign in" }).click();
}

export async function signIn(page: Page, path = "/jobs", identity: Identity = {}): Promise<void> {
  await page.goto(CONSOLE + path);
  await page.getByRole("button", { name: "Sign in" }).click();
  await fillSignInForm(page, identity);
}

const AXE_SOURCE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** Returns the violations of WCAG 2.2 AA on the page, each with its element. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE_SOURCE); // evaluated by the browser's debugger, so the policy of the page does not apply
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (options: object) => Promise<AxeResults> } };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const results = await axe.run({ runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
    return results.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
  });
  return found.filter((each) => !KNOWN_VIOLATION.test(each));
}

/** Cloudscape's app layout sets aria-expanded on the bar with the navigation toggle on a phone. */
const KNOWN_VIOLATION = /^aria-allowed-attr: \.awsui_mobile-toolbar-nav_/;

interface AxeResults {
  violations: { id: string; nodes: { target: string[] }[] }[];
}
