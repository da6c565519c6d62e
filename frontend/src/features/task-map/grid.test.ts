import { expect, test } from "vitest";
import { countByCell, failureRate, layoutGrid, nextFailure, cellStatus, zoomView } from "./grid";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const whole = (map: Uint8Array) => ({ start: 0, count: map.length });

test.each([1, 7, 1_000, 22_000, 22_001, 1_000_000])("%d tasks all have a place in the frame", (tasks) => {
  const grid = layoutGrid({ start: 0, count: tasks }, 1_100, 320);

  expect(grid.cells * grid.share).toBeGreaterThanOrEqual(tasks);
  expect(grid.columns * grid.size).toBeLessThanOrEqual(1_100);
  expect(grid.rows * grid.size).toBeLessThanOrEqual(320);
  expect(grid.rows * grid.columns).toBeGreaterThanOrEqual(grid.cells);
});

test("cells count each task once", () => {
  const map = new Uint8Array(1_000_000).fill("C".charCodeAt(0));
  map[999_999] = "F".charCodeAt(0);

  const counts = countByCell(map, layoutGrid(whole(map), 1_100, 320));

  expect(counts.reduce((sum, each) => sum + each, 0)).toBe(1_000_000);
  expect(counts.reduce((sum, each, i) => sum + (i % 6 === 4 ? each : 0), 0)).toBe(1);
});

test("one failure among many is the worst, not the majority, and a small rate", () => {
  const map = bytes(`${"C".repeat(99)}F`);
  const grid = { view: whole(map), columns: 1, rows: 1, size: 4, share: 100, cells: 1 };

  const counts = countByCell(map, grid);

  expect([cellStatus(counts, 0, "worst"), cellStatus(counts, 0, "majority"), failureRate(counts, 0)]).toEqual([
    4, 3, 0.01,
  ]);
});

test("the next failure is found around the end", () => {
  const map = bytes("CFCCFC");

  expect([0, 1, 4].map((from) => nextFailure(map, from))).toEqual([1, 4, 1]);
  expect(nextFailure(bytes("CC"), 0)).toBeNull();
});

test("a zoom keeps the task at the pointer in sight and stays within the job", () => {
  const near = zoomView({ start: 0, count: 1_000 }, 1_000, 4, 990);

  expect(near.count).toBe(250);
  expect(near.start + near.count).toBeLessThanOrEqual(1_000);
  expect(near.start).toBeLessThanOrEqual(990);
});
