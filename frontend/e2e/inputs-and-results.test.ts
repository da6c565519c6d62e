/** Inputs as rows and as files, results and exports, and the code that the console generates. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Download } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { runShell, shownJobId, startSession } from "./console-session";

const ui = startSession();

beforeAll(async () => {
  await ui.context.grantPermissions(["clipboard-read", "clipboard-write"]);
});

const rows = () => ui.page.getByRole("textbox", { name: /^Rows/ });

async function openRowsForm(type: string): Promise<void> {
  await ui.goto(`/jobs/new?type=${type}`);
  await ui.page.getByRole("radio", { name: /^Rows/ }).check();
}

async function submitForm(name: string, tasks: string): Promise<string> {
  await ui.page.getByRole("textbox", { name: /^Name/ }).fill(name);
  await ui.button(`Submit ${tasks} tasks`).click();
  await ui.heading(name).waitFor();
  return shownJobId(ui.page);
}

test("each invalid row of JSON Lines is reported with its line", async () => {
  const { page } = ui;
  await openRowsForm("wants");
  await rows().fill('{"what": "key", "path": "/"}\nnot json\n{"what": "key"}\n{"what": 5, "path": "/", "other": 1}');

  await page.getByText("3 invalid rows").waitFor();
  await page.getByText("Line 2: invalid JSON").waitFor();
  await page.getByText("Line 3: path is required").waitFor();
  await page.getByText(/^Line 4: /).waitFor();
  await ui.button(/^Submit/).click();
  await page.getByText("Fix the invalid rows").first().waitFor();
});

test("corrected CSV becomes tasks with results", async () => {
  const { page } = ui;
  await openRowsForm("fail_below");
  await rows().fill("attempts,index\n1,\nmany,\n1,1\n");
  await page.getByText("Line 3: attempts must be a number").waitFor();
  await rows().fill("attempts,index\n1,\n0,\n1,1\n");
  await page.getByText("3 valid rows").waitFor();
  const id = await submitForm("from-csv", "3");

  await ui.waitForEnd(id);
  await page.getByRole("tab", { name: "Results" }).click();
  await expect.poll(() => ui.row(/^\d+\s+1$/).count()).toBe(3);
});

const MANY = 2_000;
let largeJob = "";

test("rows larger than a megabyte are uploaded to the bucket, which the content security policy allows", async () => {
  const { page } = ui;
  const lines = Array.from({ length: MANY }, (_, i) => JSON.stringify({ index: i, note: "x".repeat(600) }));
  const upload = page.waitForRequest((request) => request.method() === "PUT");
  await openRowsForm("annotated");
  await page.locator("input[type=file]").setInputFiles({
    name: "many.jsonl",
    mimeType: "application/x-ndjson",
    buffer: Buffer.from(lines.join("\n")),
  });
  await page.getByText("2,000 valid rows").waitFor();
  await ui.button("Additional settings").click();
  await page.getByRole("textbox", { name: /^Chunk size/ }).fill("100");
  largeJob = await submitForm("uploaded", "2,000");

  expect(new URL((await upload).url()).pathname).toMatch(/inputs/);
});

test("an export contains each result once", async () => {
  const { page } = ui;
  expect((await ui.waitForEnd(largeJob)).counts.completed).toBe(MANY);
  await ui.goto(`/jobs/${largeJob}?tab=results`);
  await ui.row(/^0\s+0$/).waitFor();
  await ui.button("Export results").click();
  await page.getByText("A gzipped JSON Lines file with 2,000 results.").waitFor();
  const download = new Promise<Download>((resolve) => {
    page.once("download", resolve);
    ui.context.on("page", (tab) => tab.once("download", resolve));
  });
  await page.getByRole("link", { name: /^Download/ }).click();

  const file = readFileSync(await (await download).path());
  const results = gunzipSync(file)
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { index: number; result: number });
  expect(results).toHaveLength(MANY);
  expect(results.every(({ index, result }, i) => index === i && result === i)).toBe(true);
});

/** Copies a code block in a format, and returns the content of the clipboard. */
async function copyCode(format: string, label: string): Promise<string> {
  await ui.button(format).click();
  await ui.button(`Copy ${label}`).click();
  await ui.page.getByText("Copied").first().waitFor();
  return ui.page.evaluate(() => navigator.clipboard.readText());
}

test("the form's code for curl, CLI and Python submits the same job", async () => {
  const { page } = ui;
  await ui.goto("/jobs/new?type=fail_below");
  await page.getByLabel("Number of tasks").fill("2");
  await page.getByRole("textbox", { name: "attempts", exact: true }).fill("1");
  await page.getByRole("textbox", { name: /^Name/ }).fill("it's copied");
  await page.getByRole("textbox", { name: /^Tags/ }).fill(`suite=${ui.run}`);
  await ui.button("Code").click();

  const byCurl = JSON.parse(runShell(await copyCode("curl", "submission"), ui.token)) as { id: string };
  const byCli = runShell(await copyCode("CLI", "submission"), ui.token).trim();
  const byPython = runShell(`python - <<'END'\n${await copyCode("Python", "submission")}\nEND`, ui.token).trim();
  for (const id of [byCurl.id, byCli, byPython]) {
    const job = await ui.waitForEnd(id);
    expect(job).toMatchObject({
      name: "it's copied",
      status: "COMPLETED",
      counts: { completed: 2 },
      tags: { suite: ui.run },
    });
  }
});

test("the code on a job's page clones the job with its inputs", async () => {
  const id = await ui.submit("specified", "fail_below", { inputs: [{ attempts: 1 }, { attempts: 0, index: 7 }] });
  await ui.goto(`/jobs/${id}?tab=spec`);

  const byCurl = JSON.parse(runShell(await copyCode("curl", "specification"), ui.token)) as { id: string };
  const byCli = runShell(await copyCode("CLI", "specification"), ui.token).trim();
  const byPython = runShell(`python - <<'END'\n${await copyCode("Python", "specification")}\nEND`, ui.token).trim();
  for (const clone of [byCurl.id, byCli, byPython]) {
    const task = await ui.api<{ input: object }>("GET", `/tasks/${clone}.1`);
    expect(task.input).toEqual({ attempts: 0, index: 7 });
  }
});
