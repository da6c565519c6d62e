/** Measures the console in Chromium; bench/console.py starts it and makes a page of the JSON that it prints.
 *
 * `loads`: cold loads, `rows`: rows of tables in the page while they are paged, `live`: minutes before a map that moves.
 * FIGURES is a JSON object: `console`, and what the one asked for takes as its argument.
 */

import { chromium } from "playwright-core";

const { console: CONSOLE, ...ASKED } = JSON.parse(process.env.FIGURES ?? "{}");
const MOST_MS = 120_000;

/** `Slow 4G` of Chrome's developer tools: bytes a second, and milliseconds added to each request. */
const SLOW_4G = { offline: false, downloadThroughput: 180_000, uploadThroughput: 84_375, latency: 562.5 };
const PACES = { unthrottled: null, slow: { cpu: 4, network: SLOW_4G } };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--enable-precise-memory-info"],
});

/** A page of somebody who is signed in, with nothing in any cache. */
async function opened(token, settings = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript(
    ([access, kept]) => {
      sessionStorage.setItem(
        "shoal.session",
        JSON.stringify({ access, refresh: null, expires: Date.now() + 86_400_000 }),
      );
      for (const [name, value] of Object.entries(kept)) localStorage.setItem(name, JSON.stringify(value));
    },
    [token, settings],
  );
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  return { page, devtools, close: () => context.close() };
}

/** What has to be there, and when it was, in milliseconds since the navigation began. Run in the page, each frame. */
const READY = {
  list: () => {
    const link = document.querySelector('tbody a[href^="/jobs/job_"]');
    const box = link?.getBoundingClientRect();
    const there = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return there?.closest("a") === link && link ? performance.now() : false;
  },
  map: () => (document.querySelector("canvas.map-canvas")?.dataset.paint ? performance.now() : false),
};

const when = async (page, ready) =>
  (await page.waitForFunction(READY[ready], null, { polling: "raf", timeout: MOST_MS })).jsonValue();

/** One load: milliseconds until it is ready, requests and bytes until then, milliseconds that the main thread was busy. */
async function load({ path, token, ready }, pace) {
  const { page, devtools, close } = await opened(token);
  let [requests, bytes] = [0, 0];
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => {
    requests += 1;
    bytes += encodedDataLength;
  });
  await devtools.send("Network.enable");
  await devtools.send("Performance.enable");
  if (pace) {
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: pace.cpu });
    await devtools.send("Network.emulateNetworkConditions", pace.network);
  }
  await page.goto(CONSOLE + path, { waitUntil: "commit", timeout: MOST_MS });
  const ms = await when(page, ready);
  const first = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null);
  const paint = await page.evaluate(() => document.querySelector("canvas.map-canvas")?.dataset.paint ?? null);
  const { metrics } = await devtools.send("Performance.getMetrics");
  const busy = 1_000 * metrics.find(({ name }) => name === "TaskDuration").value;
  await close();
  return { ms, first, requests, bytes, busy, paint: paint && Number(paint) };
}

/** By turns, so that a slow minute of the machine hits all alike; the first round warms what answers. */
async function loads({ screens, rounds }) {
  const found = screens.map((screen) => ({ name: screen.name, unthrottled: [], slow: [] }));
  for (const screen of screens) await load(screen, PACES.unthrottled);
  for (let round = 0; round < rounds; round += 1) {
    for (const [number, screen] of screens.entries()) {
      for (const pace of Object.keys(PACES)) found[number][pace].push(await load(screen, PACES[pace]));
    }
  }
  return found;
}

/** Keeps the most rows that are in the page at once. */
function count() {
  window.most = document.querySelectorAll("tbody tr").length;
  new MutationObserver(() => {
    window.most = Math.max(window.most, document.querySelectorAll("tbody tr").length);
  }).observe(document.body, { childList: true, subtree: true });
}

/** Turn the pages of a table; the most rows that were in the page at once, and how many were seen in all. */
async function rows({ tables }) {
  const found = [];
  for (const { path, token, settings, link, turns } of tables) {
    const { page, close } = await opened(token, settings);
    await page.goto(CONSOLE + path, { timeout: MOST_MS });
    await page.locator(link).first().waitFor({ timeout: MOST_MS });
    await page.evaluate(count);
    const seen = new Set();
    const look = async () => {
      for (const href of await page.locator(link).evaluateAll((all) => all.map((each) => each.href))) seen.add(href);
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    };
    await look();
    const next = page.getByRole("button", { name: "Next page" });
    let turned = 0;
    for (; turned < turns && (await next.isEnabled()); turned += 1) {
      const before = await page.locator(link).first().getAttribute("href");
      await next.click();
      await page.waitForFunction(
        ([where, what]) => document.querySelector(where)?.getAttribute("href") !== what,
        [link, before],
        { timeout: MOST_MS },
      );
      await look();
    }
    found.push({ pages: turned + 1, seen: seen.size, most: await page.evaluate(() => window.most) });
    await close();
  }
  return found;
}

/** Watches a page from inside: intervals of frames, long tasks, paints of the map, and the counts that it showed. */
function watch() {
  const seen = { frames: [], long: [], paints: [], counts: [] };
  window.seen = seen;
  let last = performance.now();
  const frame = (now) => {
    seen.frames.push(Math.round(10 * (now - last)) / 10);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => seen.long.push(...list.getEntries().map(({ duration }) => duration))).observe({
    type: "longtask",
  });
  const canvas = document.querySelector("canvas.map-canvas");
  new MutationObserver(() => seen.paints.push(Number(canvas.dataset.paint))).observe(canvas, {
    attributeFilter: ["data-paint"],
  });
  const shown = () => {
    const said = [...document.querySelectorAll(".map-count")].find((each) => each.textContent.includes("completed"));
    const count = Number(said?.textContent.replace(/\D/g, ""));
    if (count && seen.counts.at(-1) !== count) seen.counts.push(count);
  };
  new MutationObserver(shown).observe(document.body, { childList: true, characterData: true, subtree: true });
  shown();
}

/** Megabytes in use once the garbage is gone: objects, and the buffers that they hold. */
async function memory(devtools) {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize = 0 } = await devtools.send("Runtime.getHeapUsage");
  return { heap: usedSize / 1e6, buffers: backingStorageSize / 1e6 };
}

/** Look at a map for some minutes. A delta was applied if the page then showed its count of completed tasks. */
async function live({ path, token, minutes }) {
  const { page, devtools, close } = await opened(token);
  const deltas = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      const said = JSON.parse(payload);
      if (said.type === "delta") deltas.push(said.counts.completed);
    }),
  );
  await page.goto(CONSOLE + path, { timeout: MOST_MS });
  await when(page, "map");
  await page.waitForTimeout(5_000); // the WebSocket opens, the tables fill
  const used = [await memory(devtools)];
  await page.evaluate(watch);
  deltas.length = 0;
  for (let minute = 0; minute < minutes; minute += 1) {
    await page.waitForTimeout(60_000);
    used.push(await memory(devtools));
  }
  const told = [...deltas];
  await page.waitForTimeout(1_000);
  const { counts, ...seen } = await page.evaluate(() => window.seen);
  await close();
  const shown = new Set(counts);
  return { used, deltas: told.length, applied: told.filter((count) => shown.has(count)).length, ...seen };
}

const found = await { loads, rows, live }[process.argv[2]](ASKED);
await browser.close();
process.stdout.write(JSON.stringify(found));
