/** What goes in and what comes out: rows pasted and uploaded, results looked at and taken home, the same as code. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type Download } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { shownJobId, runShell, startSession } from "./console-session";

const visit = startSession();

beforeAll(async () => {
  await visit.context.grantPermissions(["clipboard-read", "clipboard-write"]);
});

const rows = () => visit.page.getByRole("textbox", { name: /^Rows/ });

async function rowsOf(type: string): Promise<void> {
  await visit.goto(`/jobs/new?type=${type}`);
  await visit.page.getByRole("radio", { name: /^Rows/ }).check();
}

async function submitted(name: string, count: string): Promise<string> {
  await visit.page.getByRole("textbox", { name: /^Name/ }).fill(name);
  await visit.button(`Submit ${count} tasks`).click();
  await visit.heading(name).waitFor();
  return shownJobId(visit.page);
}

test("each row of JSON Lines that cannot be right is named by its line", async () => {
  const { page } = visit;
  await rowsOf("wants");
  await rows().fill('{"what": "key", "path": "/"}\nnot json\n{"what": "key"}\n{"what": 5, "path": "/", "other": 1}');

  await page.getByText("3 rows cannot be right").waitFor();
  await page.getByText("Line 2: is not JSON").waitFor();
  await page.getByText("Line 3: path is missing").waitFor();
  await page.getByText(/^Line 4: /).waitFor();
  await visit.button(/^Submit/).click();
  await page.getByText("Mend the rows that are named").first().waitFor();
});

test("CSV is mended where its line says and becomes tasks with their results", async () => {
  const { page } = visit;
  await rowsOf("fail_below");
  await rows().fill("attempts,index\n1,\nmany,\n1,1\n");
  await page.getByText("Line 3: attempts must be a number").waitFor();
  await rows().fill("attempts,index\n1,\n0,\n1,1\n");
  await page.getByText("3 rows, all fit the task type").waitFor();
  const id = await submitted("of-csv", "3");

  await visit.ended(id);
  await page.getByRole("tab", { name: "Results" }).click();
  await expect.poll(() => visit.row(/^\d+\s+1$/).count()).toBe(3);
});

const MANY = 2_000;
let large = "";

test("rows over a megabyte are uploaded to the bucket, past the policy of the page", async () => {
  const { page } = visit;
  const lines = Array.from({ length: MANY }, (_, i) => JSON.stringify({ index: i, note: "x".repeat(600) }));
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await rowsOf("annotated");
  await page.locator("input[type=file]").setInputFiles({
    name: "many.jsonl",
    mimeType: "application/x-ndjson",
    buffer: Buffer.from(lines.join("\n")),
  });
  await page.getByText("2,000 rows, all fit the task type").waitFor();
  await visit.button("More").click();
  await page.getByRole("textbox", { name: /^Tasks of a chunk/ }).fill("100");
  large = await submitted("uploaded", "2,000");

  expect(new URL((await sent).url()).pathname).toMatch(/inputs/);
});

test("all results are prepared as a file that has each of them once", async () => {
  const { page } = visit;
  expect((await visit.ended(large)).counts.completed).toBe(MANY);
  await visit.goto(`/jobs/${large}?tab=results`);
  await visit.row(/^0\s+0$/).waitFor();
  await visit.button("Export all").click();
  await page.getByText("It has 2,000 results, a line of JSON each, with gzip.").waitFor();
  const coming = new Promise<Download>((resolve) => {
    page.once("download", resolve);
    visit.context.on("page", (tab) => tab.once("download", resolve));
  });
  await page.getByRole("link", { name: /^Download/ }).click();

  const file = readFileSync(await (await coming).path());
  const found = gunzipSync(file)
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { index: number; result: number });
  expect(found).toHaveLength(MANY);
  expect(found.every(({ index, result }, i) => index === i && result === i)).toBe(true);
});

/** What its button puts into the clipboard. */
async function copied(form: string, what: string): Promise<string> {
  await visit.button(form).click();
  await visit.button(`Copy ${what}`).click();
  await visit.page.getByText("Copied").first().waitFor();
  return visit.page.evaluate(() => navigator.clipboard.readText());
}

test("a form copied as curl, as a command and as Python submits the same job", async () => {
  const { page } = visit;
  await visit.goto("/jobs/new?type=fail_below");
  await page.getByLabel("Tasks", { exact: true }).fill("2");
  await page.getByRole("textbox", { name: "attempts", exact: true }).fill("1");
  await page.getByRole("textbox", { name: /^Name/ }).fill("it's copied");
  await page.getByRole("textbox", { name: /^Tags/ }).fill(`suite=${visit.run}`);
  await visit.button("The same as code").click();

  const byCurl = JSON.parse(runShell(await copied("curl", "submission"), visit.token)) as { id: string };
  const byCommand = runShell(await copied("CLI", "submission"), visit.token).trim();
  const byPython = runShell(`python - <<'END'\n${await copied("Python", "submission")}\nEND`, visit.token).trim();
  for (const id of [byCurl.id, byCommand, byPython]) {
    const job = await visit.ended(id);
    expect(job).toMatchObject({
      name: "it's copied",
      status: "COMPLETED",
      counts: { completed: 2 },
      tags: { suite: visit.run },
    });
  }
});

test("a job's specification copied from its page makes the same job, inputs and all", async () => {
  const id = await visit.made("specified", "fail_below", { inputs: [{ attempts: 1 }, { attempts: 0, index: 7 }] });
  await visit.goto(`/jobs/${id}?tab=spec`);

  const byCurl = JSON.parse(runShell(await copied("curl", "specification"), visit.token)) as { id: string };
  const byCommand = runShell(await copied("CLI", "specification"), visit.token).trim();
  const byPython = runShell(`python - <<'END'\n${await copied("Python", "specification")}\nEND`, visit.token).trim();
  for (const made of [byCurl.id, byCommand, byPython]) {
    const task = await visit.api<{ input: object }>("GET", `/tasks/${made}.1`);
    expect(task.input).toEqual({ attempts: 0, index: 7 });
  }
});
