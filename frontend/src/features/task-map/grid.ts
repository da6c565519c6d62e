/** How a view of tasks is laid out in cells, and what is in each cell. Pure. */

import type { TaskStatus } from "@/lib/api/types";

/** A cell's counts have this order. */
export const STATUSES: readonly TaskStatus[] = ["PENDING", "RUNNING", "RETRYING", "COMPLETED", "FAILED", "CANCELLED"];

const BYTES: Record<TaskStatus, string> = {
  PENDING: "P",
  RUNNING: "R",
  RETRYING: "T",
  COMPLETED: "C",
  FAILED: "F",
  CANCELLED: "X",
};

const NUMBER_OF_BYTE = new Uint8Array(256);
for (const [number, status] of STATUSES.entries()) NUMBER_OF_BYTE[BYTES[status].charCodeAt(0)] = number;

const FAILED_BYTE = BYTES.FAILED.charCodeAt(0);

/** Tasks from `start`, `count` of them. */
export interface View {
  start: number;
  count: number;
}

export interface Grid {
  view: View;
  columns: number;
  rows: number;
  /** Edge of a cell, in pixels of the screen. */
  size: number;
  /** Tasks in each cell but the last. */
  share: number;
  cells: number;
}

const LARGEST = 16;
const SMALLEST = 4;

/** The largest cells that hold one task each; else the smallest, which hold as few as they can. */
export function layoutGrid(view: View, width: number, height: number): Grid {
  for (let size = LARGEST; size >= SMALLEST; size -= 1) {
    const columns = Math.max(1, Math.floor(width / size));
    const rows = Math.ceil(view.count / columns);
    if (rows * size <= height) return { view, columns, rows, size, share: 1, cells: view.count };
  }
  const columns = Math.max(1, Math.floor(width / SMALLEST));
  const most = columns * Math.max(1, Math.floor(height / SMALLEST));
  const share = Math.ceil(view.count / most);
  const cells = Math.ceil(view.count / share);
  return { view, columns, rows: Math.ceil(cells / columns), size: SMALLEST, share, cells };
}

/** Six counts a cell, by STATUSES. Bytes that are not there yet count as nothing. */
export function countByCell(map: Uint8Array, grid: Grid): Uint32Array {
  const counts = new Uint32Array(grid.cells * 6);
  const end = Math.min(map.length, grid.view.start + grid.view.count);
  let cell = 0;
  for (let from = grid.view.start; from < end; from += grid.share) {
    const to = Math.min(from + grid.share, end);
    for (let task = from; task < to; task += 1) {
      const slot = cell + (NUMBER_OF_BYTE[map[task] as number] as number);
      counts[slot] = (counts[slot] as number) + 1;
    }
    cell += 6;
  }
  return counts;
}

export type Shading = "worst" | "majority" | "rate";

/** Worst first: what a user has to see before all else. */
const WORST = [4, 2, 5, 1, 0, 3] as const;

/** The number of the status that a cell is painted in; -1 for a cell without tasks. */
export function cellStatus(counts: Uint32Array, cell: number, shading: Shading): number {
  const at = cell * 6;
  if (shading === "majority") {
    let best = -1;
    let most = 0;
    for (let number = 0; number < 6; number += 1) {
      const here = counts[at + number] as number;
      if (here > most) {
        best = number;
        most = here;
      }
    }
    return best;
  }
  for (const number of WORST) if (counts[at + number]) return number;
  return -1;
}

/** Share of failed tasks of a cell among those that ended, 0 to 1; null if none ended. */
export function failureRate(counts: Uint32Array, cell: number): number | null {
  const at = cell * 6;
  const failed = counts[at + 4] as number;
  const ended = failed + (counts[at + 3] as number);
  return ended ? failed / ended : null;
}

/** The next failed task behind `from`, around the end; null if none failed. */
export function nextFailure(map: Uint8Array, from: number): number | null {
  const later = map.indexOf(FAILED_BYTE, from + 1);
  if (later >= 0) return later;
  const first = map.indexOf(FAILED_BYTE);
  return first >= 0 ? first : null;
}

/** The view after a zoom by `factor` (2 halves it) that keeps `anchor` where it is, as far as it can. */
export function zoomView(view: View, total: number, factor: number, anchor: number): View {
  const tasks = Math.max(Math.min(Math.round(view.count / factor), total), Math.min(32, total));
  const share = (anchor - view.start) / view.count;
  return clampView({ start: Math.round(anchor - share * tasks), count: tasks }, total);
}

export const clampView = ({ start, count: tasks }: View, total: number): View => ({
  count: tasks,
  start: Math.max(0, Math.min(start, total - tasks)),
});
