/** Puts cells into pixels: one image, written once. */

import { failureRate, type Grid, cellStatus, type Shading } from "./grid";

/** Colours by number of status, as the page's theme has them, each 0xAABBGGRR. */
export interface Palette {
  statuses: number[];
  good: [number, number, number];
  bad: [number, number, number];
}

const NAMES = ["pending", "running", "retrying", "completed", "failed", "cancelled"];

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const colours = NAMES.map((name) => rgb(style.getPropertyValue(`--shoal-${name}`).trim()));
  return {
    statuses: colours.map((each) => packed(...each)),
    good: colours[0] ?? [0, 0, 0],
    bad: colours[4] ?? [255, 0, 0],
  };
}

function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

const packed = (red: number, green: number, blue: number): number =>
  ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;

/** 256 steps from no failures to nothing else; the first failure is already seen. */
function ramp({ good, bad }: Palette): Uint32Array {
  const steps = new Uint32Array(256);
  for (let step = 0; step < 256; step += 1) {
    const share = step === 0 ? 0 : 0.25 + (0.75 * step) / 255;
    const mixed = good.map((from, i) => Math.round(from + ((bad[i] ?? 0) - from) * share));
    steps[step] = packed(mixed[0] ?? 0, mixed[1] ?? 0, mixed[2] ?? 0);
  }
  return steps;
}

/** `scale`: pixels of the canvas for one of the screen. */
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
    const number = cellStatus(counts, cell, shading);
    if (number < 0) continue;
    let colour = palette.statuses[number] ?? 0;
    if (steps) {
      const rate = failureRate(counts, cell);
      colour = steps[rate === null ? 0 : Math.ceil(rate * 255)] ?? 0;
    }
    const left = (cell % grid.columns) * size;
    const top = Math.floor(cell / grid.columns) * size;
    for (let y = top; y < top + inner && y < height; y += 1) {
      const row = y * width;
      pixels.fill(colour, row + left, row + Math.min(left + inner, width));
    }
  }
  context.putImageData(image, 0, 0);
}
