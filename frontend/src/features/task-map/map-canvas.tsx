/** The canvas of the map, the place in it, and its keys. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type KeyboardEvent, type PointerEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { TASK_STATUS_STYLES } from "@/components/status-indicators";
import { formatNumber, pluralize } from "@/lib/format";
import { useTheme } from "@/lib/preferences";
import type { TaskMapBytes } from "./api";
import {
  countByCell,
  type Grid,
  layoutGrid,
  nextFailure,
  type Shading,
  STATUSES,
  type View,
  clampView,
  zoomView,
} from "./grid";
import { paint, paletteOf } from "./paint";
import "./task-map.css";

const HEIGHT = 320;
const FEWEST = 32;

const SHADING_WORDS: Record<Shading, string> = {
  worst: "a cell shows the worst of its tasks",
  majority: "a cell shows what most of its tasks are",
  rate: "a cell is the redder the more of its ended tasks failed",
};

export interface MapCanvasProps {
  map: TaskMapBytes;
  shading: Shading;
  shown: number | null;
  onOpen: (index: number) => void;
}

export function MapCanvas({ map: { bytes, total }, shading, shown, onOpen }: MapCanvasProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [wanted, setWanted] = useState<View | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const theme = useTheme();
  const view = useMemo(() => clampView(wanted ?? { start: 0, count: total }, total), [wanted, total]);
  const grid = useMemo(() => layoutGrid(view, width, HEIGHT), [view, width]);
  const counts = useMemo(() => countByCell(bytes, grid), [bytes, grid]);
  const failed = useMemo(() => nextFailure(bytes, -1) !== null, [bytes]);

  useEffect(() => {
    const there = frame.current;
    if (!there) return undefined;
    const observer = new ResizeObserver(() => setWidth(there.clientWidth));
    observer.observe(there);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const there = canvas.current;
    const context = there?.getContext("2d");
    if (!there || !context || !width) return;
    const begun = performance.now();
    const scale = window.devicePixelRatio;
    there.width = grid.columns * Math.round(grid.size * scale);
    there.height = grid.rows * Math.round(grid.size * scale);
    paint(context, counts, grid, shading, paletteOf(there), scale);
    there.dataset.paint = (performance.now() - begun).toFixed(1);
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- another theme has other colours
  }, [counts, grid, shading, width, theme]);

  const step = (move: number): void => {
    const cell = cursor === null ? 0 : Math.floor((cursor - view.start) / grid.share) + move;
    setCursor(view.start + Math.max(0, Math.min(grid.cells - 1, cell)) * grid.share);
  };
  const zoom = (factor: number, anchor = cursor ?? view.start + view.count / 2): void => {
    const next = zoomView(view, total, factor, anchor);
    setWanted(next.count === total ? null : next);
  };
  const turn = (direction: number): void =>
    setWanted(clampView({ start: view.start + direction * view.count, count: view.count }, total));
  const failure = (): void => {
    const next = nextFailure(bytes, cursor ?? view.start - 1);
    if (next === null) return;
    setCursor(next);
    if (next >= view.start && next < view.start + view.count) return;
    setWanted(clampView({ start: next - Math.floor(view.count / 2), count: view.count }, total));
  };
  /** Into a cell with many tasks; onto the task if it has one. */
  const enter = (task: number): void => {
    if (grid.share === 1) onOpen(task);
    else zoom(Math.max(4, Math.min(16, grid.share)), task);
  };

  const keys: Record<string, () => void> = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    ArrowDown: () => step(grid.columns),
    ArrowUp: () => step(-grid.columns),
    Home: () => step(-grid.cells),
    End: () => step(grid.cells),
    PageDown: () => turn(1),
    PageUp: () => turn(-1),
    "+": () => zoom(2),
    "=": () => zoom(2),
    "-": () => zoom(0.5),
    "0": () => setWanted(null),
    n: failure,
    Enter: () => cursor !== null && enter(cursor),
    o: () => cursor !== null && onOpen(cursor),
  };

  function onKeyDown(event: KeyboardEvent): void {
    const key = keys[event.key];
    if (!key || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    key();
  }

  function taskAt(event: PointerEvent): number | null {
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / grid.size);
    const cell = Math.floor((event.clientY - box.top) / grid.size) * grid.columns + column;
    return column < grid.columns && cell < grid.cells ? view.start + cell * grid.share : null;
  }

  return (
    <SpaceBetween size="xs">
      <div
        ref={frame}
        className="map"
        role="application"
        tabIndex={0}
        aria-label={`Map of ${pluralize(total, "task")}`}
        aria-describedby="map-keys"
        onKeyDown={onKeyDown}
      >
        <canvas
          ref={canvas}
          className="map-canvas"
          style={{ width: grid.columns * grid.size, height: grid.rows * grid.size }}
          aria-hidden="true"
          onPointerMove={(event) => setCursor(taskAt(event))}
          onPointerUp={(event) => {
            const task = taskAt(event);
            if (task !== null) enter(task);
          }}
        />
        <Mark task={shown} grid={grid} kind="shown" />
        <Mark task={cursor} grid={grid} kind="cursor" />
      </div>
      <div className="map-foot">
        <div className="map-words" aria-live="polite">
          {cursor === null ? extent(grid, total, shading) : describe(counts, grid, cursor)}
        </div>
        <SpaceBetween direction="horizontal" size="xxs">
          <Button
            variant="icon"
            iconName="angle-left"
            ariaLabel="Earlier tasks"
            disabled={view.start === 0}
            onClick={() => turn(-1)}
          />
          <Button
            variant="icon"
            iconName="angle-right"
            ariaLabel="Later tasks"
            disabled={view.start + view.count >= total}
            onClick={() => turn(1)}
          />
          <Button
            variant="icon"
            iconName="zoom-out"
            ariaLabel="Zoom out"
            disabled={view.count >= total}
            onClick={() => zoom(0.5)}
          />
          <Button
            variant="icon"
            iconName="zoom-in"
            ariaLabel="Zoom in"
            disabled={view.count <= FEWEST}
            onClick={() => zoom(2)}
          />
          <Button disabled={view.count >= total} onClick={() => setWanted(null)}>
            All tasks
          </Button>
          <Button disabled={!failed} onClick={failure}>
            Next failure
          </Button>
        </SpaceBetween>
      </div>
      <Box variant="small" color="text-body-secondary">
        <span id="map-keys">
          Keys: arrows move, Enter opens a task or zooms into a cell, + and − zoom, 0 shows all, Page Up and Page Down
          turn, n goes to the next failure.
        </span>
      </Box>
    </SpaceBetween>
  );
}

function extent({ view, share }: Grid, total: number, shading: Shading): string {
  const last = view.start + view.count - 1;
  const what =
    view.count >= total
      ? pluralize(total, "task")
      : `Tasks ${formatNumber(view.start)} to ${formatNumber(last)} of ${formatNumber(total)}`;
  return share > 1 ? `${what}, ${formatNumber(share)} a cell: ${SHADING_WORDS[shading]}` : `${what}, one a cell`;
}

function describe(counts: Uint32Array, grid: Grid, task: number): string {
  const { view, share } = grid;
  const cell = Math.floor((task - view.start) / share);
  const said = STATUSES.flatMap((status, i) => {
    const here = counts[cell * 6 + i] ?? 0;
    const word = TASK_STATUS_STYLES[status].label.toLowerCase();
    return here ? [share === 1 ? word : `${formatNumber(here)} ${word}`] : [];
  }).join(", ");
  const first = view.start + cell * share;
  const last = Math.min(first + share, view.start + view.count) - 1;
  return first === last
    ? `Task ${formatNumber(first)}: ${said}`
    : `Tasks ${formatNumber(first)} to ${formatNumber(last)}: ${said}`;
}

function Mark({ task, grid, kind }: { task: number | null; grid: Grid; kind: "shown" | "cursor" }) {
  const { view } = grid;
  if (task === null || task < view.start || task >= view.start + view.count) return null;
  const cell = Math.floor((task - view.start) / grid.share);
  return (
    <span
      className={`map-mark map-${kind}`}
      style={{
        left: (cell % grid.columns) * grid.size - 2,
        top: Math.floor(cell / grid.columns) * grid.size - 2,
        width: grid.size + 1,
        height: grid.size + 1,
      }}
    />
  );
}
