/** The layout of tasks in cells, and the counts of each cell. Pure. */

import type { TaskStatus } from "@/lib/api/types";

/** The order of the counts of a cell. */
export const STATUSES: readonly TaskStatus[] = ["PENDING", "RUNNING", "RETRYING", "COMPLETED", "FAILED", "CANCELLED"];

/** The bytes of the map, see docs/reference/map.md. */
const BYTES: Record<TaskStatus, string> = {
  PENDING: "P",
  RUNNING: "R",
  RETRYING: "T",
  COMPLETED: "C",
  FAILED: "F",
  CANCELLED: "X",
};

const STATUS_OF_BYTE = new Uint8Array(256);
for (const [index, status] of STATUSES.entries()) STATUS_OF_BYTE[BYTES[status].charCodeAt(0)] = index;

const FAILED_BYTE = BYTES.FAILED.charCodeAt(0);

/** A range of tasks. */
export interface View {
  start: number;
  count: number;
}

export interface Grid {
  view: View;
  columns: number;
  rows: number;
  /** The edge of a cell, in CSS pixels. */
  size: number;
  /** The number of tasks in each cell except the last one. */
  tasksPerCell: number;
  cells: number;
}

const MAX_CELL_SIZE = 16;
const MIN_CELL_SIZE = 4;

/** Uses the largest cells with one task each, or else the smallest cells with as few tasks as possible. */
export function layoutGrid(view: View, width: number, height: number): Grid {
  for (let size = MAX_CELL_SIZE; size >= MIN_CELL_SIZE; size -= 1) {
    const columns = Math.max(1, Math.floor(width / size));
    const rows = Math.ceil(view.count / columns);
    if (rows * size <= height) return { view, columns, rows, size, tasksPerCell: 1, cells: view.count };
  }
  const columns = Math.max(1, Math.floor(width / MIN_CELL_SIZE));
  const maxCells = columns * Math.max(1, Math.floor(height / MIN_CELL_SIZE));
  const tasksPerCell = Math.ceil(view.count / maxCells);
  const cells = Math.ceil(view.count / tasksPerCell);
  return { view, columns, rows: Math.ceil(cells / columns), size: MIN_CELL_SIZE, tasksPerCell, cells };
}

/** Counts the tasks of each cell: six counts per cell, in the order of `STATUSES`. Skips missing bytes. */
export function countByCell(map: Uint8Array, grid: Grid): Uint32Array {
  const counts = new Uint32Array(grid.cells * 6);
  const end = Math.min(map.length, grid.view.start + grid.view.count);
  let cell = 0;
  for (let from = grid.view.start; from < end; from += grid.tasksPerCell) {
    const to = Math.min(from + grid.tasksPerCell, end);
    for (let task = from; task < to; task += 1) {
      const slot = cell + (STATUS_OF_BYTE[map[task] as number] as number);
      counts[slot] = (counts[slot] as number) + 1;
    }
    cell += 6;
  }
  return counts;
}

export type Shading = "worst" | "majority" | "rate";

/** The worst status first. */
const WORST_FIRST = [4, 2, 5, 1, 0, 3] as const;

/** The index in `STATUSES` of the status that a cell shows, or -1 for a cell without tasks. */
export function cellStatus(counts: Uint32Array, cell: number, shading: Shading): number {
  const at = cell * 6;
  if (shading === "majority") {
    let mostCommon = -1;
    let highest = 0;
    for (let status = 0; status < 6; status += 1) {
      const count = counts[at + status] as number;
      if (count > highest) {
        mostCommon = status;
        highest = count;
      }
    }
    return mostCommon;
  }
  for (const status of WORST_FIRST) if (counts[at + status]) return status;
  return -1;
}

/** The share of failed tasks among the ended tasks of a cell, from 0 to 1. Returns null if no task has ended. */
export function failureRate(counts: Uint32Array, cell: number): number | null {
  const at = cell * 6;
  const failed = counts[at + 4] as number;
  const ended = failed + (counts[at + 3] as number);
  return ended ? failed / ended : null;
}

/** The next failed task after `from`. The search wraps around. Returns null without failed tasks. */
export function nextFailure(map: Uint8Array, from: number): number | null {
  const later = map.indexOf(FAILED_BYTE, from + 1);
  if (later >= 0) return later;
  const first = map.indexOf(FAILED_BYTE);
  return first >= 0 ? first : null;
}

/** Zooms by a factor (2 halves the view), and keeps the position of the anchor as far as possible. */
export function zoomView(view: View, total: number, factor: number, anchor: number): View {
  const tasks = Math.max(Math.min(Math.round(view.count / factor), total), Math.min(32, total));
  const share = (anchor - view.start) / view.count;
  return clampView({ start: Math.round(anchor - share * tasks), count: tasks }, total);
}

export const clampView = ({ start, count: tasks }: View, total: number): View => ({
  count: tasks,
  start: Math.max(0, Math.min(start, total - tasks)),
});
