/** Paints the cells of the map as one image. */

import { failureRate, type Grid, cellStatus, type Shading } from "./grid";

/** The colors of the theme. The colors of statuses are encoded as 0xAABBGGRR, in the order of `STATUSES`. */
export interface Palette {
  statuses: number[];
  good: [number, number, number];
  bad: [number, number, number];
}

const NAMES = ["pending", "running", "retrying", "completed", "failed", "cancelled"];

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const colors = NAMES.map((name) => rgb(style.getPropertyValue(`--shoal-${name}`).trim()));
  return {
    statuses: colors.map((each) => packed(...each)),
    good: colors[0] ?? [0, 0, 0],
    bad: colors[4] ?? [255, 0, 0],
  };
}

function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

const packed = (red: number, green: number, blue: number): number =>
  ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;

/** 256 colors from no failures to only failures. The first step is large enough to be visible. */
function ramp({ good, bad }: Palette): Uint32Array {
  const steps = new Uint32Array(256);
  for (let step = 0; step < 256; step += 1) {
    const share = step === 0 ? 0 : 0.25 + (0.75 * step) / 255;
    const mixed = good.map((from, i) => Math.round(from + ((bad[i] ?? 0) - from) * share));
    steps[step] = packed(mixed[0] ?? 0, mixed[1] ?? 0, mixed[2] ?? 0);
  }
  return steps;
}

/** `scale` is the number of canvas pixels per CSS pixel. */
export function paint(
  context: CanvasRenderingContext2D,
  counts: Uint32Array,
  grid: Grid,
  shading: Shading,
  palette: Palette,
  scale: number,
): void {
  const size = Math.max(1, Math.round(grid.size * scale));
  const inner = Math.max(1, size - (grid.size > 5 ? Math.max(1, Math.round(scale)) : 1));
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const steps = shading === "rate" ? ramp(palette) : null;
  for (let cell = 0; cell < grid.cells; cell += 1) {
    const status = cellStatus(counts, cell, shading);
    if (status < 0) continue;
    let color = palette.statuses[status] ?? 0;
    if (steps) {
      const rate = failureRate(counts, cell);
      color = steps[rate === null ? 0 : Math.ceil(rate * 255)] ?? 0;
    }
    const left = (cell % grid.columns) * size;
    const top = Math.floor(cell / grid.columns) * size;
    for (let y = top; y < top + inner && y < height; y += 1) {
      const row = y * width;
      pixels.fill(color, row + left, row + Math.min(left + inner, width));
    }
  }
  context.putImageData(image, 0, 0);
}
