/** Debian's Chromium, what it complained of, and how a person signs in. */

import { readFileSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

export const CONSOLE = process.env.CONSOLE_URL ?? "http://localhost:3000";
export const API = process.env.API_URL ?? "http://127.0.0.1:8000";

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

export interface Appearance {
  dark?: boolean;
  phone?: boolean;
}

/** Milliseconds that anything may take to be seen: a machine may be busy with other tests. */
const TIMEOUT = 60_000;

export async function newContext(
  browser: Browser,
  { dark = false, phone = false }: Appearance = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    isMobile: phone,
    hasTouch: phone,
  });
  context.setDefaultTimeout(TIMEOUT);
  return context;
}

/** What the page said that it should not have; a policy that is broken, say. */
export function collectPageErrors(page: Page): string[] {
  const said: string[] = [];
  page.on("pageerror", (error) => said.push(error.message));
  page.on("console", (message) => {
    const text = message.text();
    // An answer of 4xx is told there too, and is what some tests are about.
    if (message.type() === "error" && !text.startsWith("Failed to load resource")) said.push(text);
  });
  return said;
}

export interface Identity {
  user?: string;
  tenant?: string;
  admin?: boolean;
}

/** At the issuer's page, wherever the console has sent the browser. */
export async function fillSignInForm(
  page: Page,
  { user = "you", tenant = "default", admin = true }: Identity = {},
): Promise<void> {
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Tenant").fill(tenant);
  await page.getByLabel("An administrator").setChecked(admin);
  await page.getByRole("button", { name: "Sign in" }).click();
}

export async function signIn(page: Page, path = "/jobs", who: Identity = {}): Promise<void> {
  await page.goto(CONSOLE + path);
  await page.getByRole("button", { name: "Sign in" }).click();
  await fillSignInForm(page, who);
}

const AXE_SOURCE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** Violations of WCAG 2.2 AA on the page as it is, each with where. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE_SOURCE); // not a script of the page, so its policy stands
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (options: object) => Promise<AxeFound> } };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const told = await axe.run({ runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
    return told.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
  });
  return found.filter((each) => !CLOUDSCAPES.test(each));
}

/** Its application layout puts aria-expanded on the bar that holds the navigation's toggle on a phone. */
const CLOUDSCAPES = /^aria-allowed-attr: \.awsui_mobile-toolbar-nav_/;

interface AxeFound {
  violations: { id: string; nodes: { target: string[] }[] }[];
}
