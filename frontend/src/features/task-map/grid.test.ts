import { expect, test } from "vitest";
import { countByCell, failureRate, layoutGrid, nextFailure, cellStatus, zoomView } from "./grid";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const whole = (map: Uint8Array) => ({ start: 0, count: map.length });

test.each([1, 7, 1_000, 22_000, 22_001, 1_000_000])("the layout of %d tasks fits into the frame", (tasks) => {
  const grid = layoutGrid({ start: 0, count: tasks }, 1_100, 320);

  expect(grid.cells * grid.tasksPerCell).toBeGreaterThanOrEqual(tasks);
  expect(grid.columns * grid.size).toBeLessThanOrEqual(1_100);
  expect(grid.rows * grid.size).toBeLessThanOrEqual(320);
  expect(grid.rows * grid.columns).toBeGreaterThanOrEqual(grid.cells);
});

test("each task is counted once", () => {
  const map = new Uint8Array(1_000_000).fill("C".charCodeAt(0));
  map[999_999] = "F".charCodeAt(0);

  const counts = countByCell(map, layoutGrid(whole(map), 1_100, 320));

  expect(counts.reduce((sum, each) => sum + each, 0)).toBe(1_000_000);
  expect(counts.reduce((sum, each, i) => sum + (i % 6 === 4 ? each : 0), 0)).toBe(1);
});

test("a single failure is the worst status but not the most common one", () => {
  const map = bytes(`${"C".repeat(99)}F`);
  const grid = { view: whole(map), columns: 1, rows: 1, size: 4, tasksPerCell: 100, cells: 1 };

  const counts = countByCell(map, grid);

  expect([cellStatus(counts, 0, "worst"), cellStatus(counts, 0, "majority"), failureRate(counts, 0)]).toEqual([
    4, 3, 0.01,
  ]);
});

test("the search for the next failure wraps around", () => {
  const map = bytes("CFCCFC");

  expect([0, 1, 4].map((from) => nextFailure(map, from))).toEqual([1, 4, 1]);
  expect(nextFailure(bytes("CC"), 0)).toBeNull();
});

test("a zoom keeps the anchor in view and stays within the job", () => {
  const near = zoomView({ start: 0, count: 1_000 }, 1_000, 4, 990);

  expect(near.count).toBe(250);
  expect(near.start + near.count).toBeLessThanOrEqual(1_000);
  expect(near.start).toBeLessThanOrEqual(990);
});
