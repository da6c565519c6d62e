/** Measures the console in Chromium and prints JSON, from which bench/console.py writes a page.
 *
 * The argument names a measurement: `loads` (cold loads), `rows` (table rows in the DOM during pagination) or `live`
 * (several minutes with a task map that changes). FIGURES is a JSON object with the address of the console, `console`,
 * and the parameters of the measurement.
 */

import { chromium } from "playwright-core";

const { console: CONSOLE, ...PARAMETERS } = JSON.parse(process.env.FIGURES ?? "{}");
const TIMEOUT_MS = 120_000;

/** The `Slow 4G` preset of Chrome's developer tools: bytes per second, and milliseconds of latency per request. */
const SLOW_4G = { offline: false, downloadThroughput: 180_000, uploadThroughput: 84_375, latency: 562.5 };
const PROFILES = { unthrottled: null, slow: { cpu: 4, network: SLOW_4G } };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--enable-precise-memory-info"],
});

/** Opens a page with a signed-in user and empty caches. */
async function openPage(token, settings = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript(
    ([access, stored]) => {
      sessionStorage.setItem(
        "shoal.session",
        JSON.stringify({ access, refresh: null, expires: Date.now() + 86_400_000 }),
      );
      for (const [name, value] of Object.entries(stored)) localStorage.setItem(name, JSON.stringify(value));
    },
    [token, settings],
  );
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  return { page, devtools, close: () => context.close() };
}

/** Runs in the page on each frame. Returns the milliseconds since the start of the navigation once the screen is ready. */
const READY = {
  list: () => {
    const link = document.querySelector('tbody a[href^="/jobs/job_"]');
    const box = link?.getBoundingClientRect();
    const top = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return top?.closest("a") === link && link ? performance.now() : false;
  },
  map: () => (document.querySelector("canvas.map-canvas")?.dataset.paint ? performance.now() : false),
};

const waitUntilReady = async (page, ready) =>
  (await page.waitForFunction(READY[ready], null, { polling: "raf", timeout: TIMEOUT_MS })).jsonValue();

/** Loads a screen. Returns the time until it is ready, the requests, the bytes, and the busy time of the main thread. */
async function load({ path, token, ready }, profile) {
  const { page, devtools, close } = await openPage(token);
  let [requests, bytes] = [0, 0];
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => {
    requests += 1;
    bytes += encodedDataLength;
  });
  await devtools.send("Network.enable");
  await devtools.send("Performance.enable");
  if (profile) {
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: profile.cpu });
    await devtools.send("Network.emulateNetworkConditions", profile.network);
  }
  await page.goto(CONSOLE + path, { waitUntil: "commit", timeout: TIMEOUT_MS });
  const ms = await waitUntilReady(page, ready);
  const first = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null);
  const paint = await page.evaluate(() => document.querySelector("canvas.map-canvas")?.dataset.paint ?? null);
  const { metrics } = await devtools.send("Performance.getMetrics");
  const busy = 1_000 * metrics.find(({ name }) => name === "TaskDuration").value;
  await close();
  return { ms, first, requests, bytes, busy, paint: paint && Number(paint) };
}

/** Alternates the screens, so that slow periods of the machine affect all of them. An extra first round warms up the API. */
async function loads({ screens, rounds }) {
  const found = screens.map((screen) => ({ name: screen.name, unthrottled: [], slow: [] }));
  for (const screen of screens) await load(screen, PROFILES.unthrottled);
  for (let round = 0; round < rounds; round += 1) {
    for (const [number, screen] of screens.entries()) {
      for (const name of Object.keys(PROFILES)) found[number][name].push(await load(screen, PROFILES[name]));
    }
  }
  return found;
}

/** Runs in the page. Records the greatest number of rows in the DOM. */
function recordRows() {
  window.most = document.querySelectorAll("tbody tr").length;
  new MutationObserver(() => {
    window.most = Math.max(window.most, document.querySelectorAll("tbody tr").length);
  }).observe(document.body, { childList: true, subtree: true });
}

/** Pages through tables. Returns the greatest number of rows in the DOM, and the number of all rows. */
async function rows({ tables }) {
  const found = [];
  for (const { path, token, settings, link, turns } of tables) {
    const { page, close } = await openPage(token, settings);
    await page.goto(CONSOLE + path, { timeout: TIMEOUT_MS });
    await page.locator(link).first().waitFor({ timeout: TIMEOUT_MS });
    await page.evaluate(recordRows);
    const seen = new Set();
    const collect = async () => {
      for (const href of await page.locator(link).evaluateAll((all) => all.map((each) => each.href))) seen.add(href);
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    };
    await collect();
    const next = page.getByRole("button", { name: "Next page" });
    let turned = 0;
    for (; turned < turns && (await next.isEnabled()); turned += 1) {
      const before = await page.locator(link).first().getAttribute("href");
      await next.click();
      await page.waitForFunction(
        ([where, what]) => document.querySelector(where)?.getAttribute("href") !== what,
        [link, before],
        { timeout: TIMEOUT_MS },
      );
      await collect();
    }
    found.push({ pages: turned + 1, seen: seen.size, most: await page.evaluate(() => window.most) });
    await close();
  }
  return found;
}

/** Runs in the page. Records frame intervals, long tasks, paint times of the map and the displayed counts. */
function recordActivity() {
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
  const recordCount = () => {
    const label = [...document.querySelectorAll(".map-count")].find((each) => each.textContent.includes("completed"));
    const count = Number(label?.textContent.replace(/\D/g, ""));
    if (count && seen.counts.at(-1) !== count) seen.counts.push(count);
  };
  new MutationObserver(recordCount).observe(document.body, { childList: true, characterData: true, subtree: true });
  recordCount();
}

/** Megabytes in use after a garbage collection: the heap, and the buffers of its objects. */
async function memory(devtools) {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize = 0 } = await devtools.send("Runtime.getHeapUsage");
  return { heap: usedSize / 1e6, buffers: backingStorageSize / 1e6 };
}

/** Records a task map for some minutes. A delta counts as applied if the page displayed its number of completed tasks. */
async function live({ path, token, minutes }) {
  const { page, devtools, close } = await openPage(token);
  const deltas = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      const message = JSON.parse(payload);
      if (message.type === "delta") deltas.push(message.counts.completed);
    }),
  );
  await page.goto(CONSOLE + path, { timeout: TIMEOUT_MS });
  await waitUntilReady(page, "map");
  await page.waitForTimeout(5_000); // for the WebSocket to open and the tables to load
  const used = [await memory(devtools)];
  await page.evaluate(recordActivity);
  deltas.length = 0;
  for (let minute = 0; minute < minutes; minute += 1) {
    await page.waitForTimeout(60_000);
    used.push(await memory(devtools));
  }
  const received = [...deltas];
  await page.waitForTimeout(1_000);
  const { counts, ...seen } = await page.evaluate(() => window.seen);
  await close();
  const shown = new Set(counts);
  return { used, deltas: received.length, applied: received.filter((count) => shown.has(count)).length, ...seen };
}

const found = await { loads, rows, live }[process.argv[2]](PARAMETERS);
await browser.close();
process.stdout.write(JSON.stringify(found));
