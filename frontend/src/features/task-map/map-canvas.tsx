/** The canvas of the task map, with its cursor, its zoom and its keyboard control. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type KeyboardEvent, type PointerEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { TASK_STATUS_STYLES } from "@/components/status-indicators";
import { formatNumber, pluralize } from "@/lib/format";
import { useTheme } from "@/lib/preferences";
import type { TaskMapBytes } from "./api";
import {
  clampView,
  countByCell,
  type Grid,
  layoutGrid,
  nextFailure,
  type Shading,
  STATUSES,
  type View,
  zoomView,
} from "./grid";
import { paint, paletteOf } from "./paint";
import "./task-map.css";

const HEIGHT = 320;
const MIN_VIEW = 32;

export interface MapCanvasProps {
  map: TaskMapBytes;
  shading: Shading;
  selected: number | null;
  onOpen: (index: number) => void;
}

export function MapCanvas({ map: { bytes, total }, shading, selected, onOpen }: MapCanvasProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [chosenView, setChosenView] = useState<View | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const theme = useTheme();
  const view = useMemo(() => clampView(chosenView ?? { start: 0, count: total }, total), [chosenView, total]);
  const grid = useMemo(() => layoutGrid(view, width, HEIGHT), [view, width]);
  const counts = useMemo(() => countByCell(bytes, grid), [bytes, grid]);
  const hasFailures = useMemo(() => nextFailure(bytes, -1) !== null, [bytes]);

  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !width) return;
    const start = performance.now();
    const scale = window.devicePixelRatio;
    element.width = grid.columns * Math.round(grid.size * scale);
    element.height = grid.rows * Math.round(grid.size * scale);
    paint(context, counts, grid, shading, paletteOf(element), scale);
    element.dataset.paint = (performance.now() - start).toFixed(1);
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- the colors depend on the theme
  }, [counts, grid, shading, width, theme]);

  const moveCursor = (cells: number): void => {
    const cell = cursor === null ? 0 : Math.floor((cursor - view.start) / grid.tasksPerCell) + cells;
    setCursor(view.start + Math.max(0, Math.min(grid.cells - 1, cell)) * grid.tasksPerCell);
  };
  const zoom = (factor: number, anchor = cursor ?? view.start + view.count / 2): void => {
    const next = zoomView(view, total, factor, anchor);
    setChosenView(next.count === total ? null : next);
  };
  const showAll = (): void => setChosenView(null);
  const scroll = (views: number): void =>
    setChosenView(clampView({ start: view.start + views * view.count, count: view.count }, total));
  const goToNextFailure = (): void => {
    const next = nextFailure(bytes, cursor ?? view.start - 1);
    if (next === null) return;
    setCursor(next);
    if (next >= view.start && next < view.start + view.count) return;
    setChosenView(clampView({ start: next - Math.floor(view.count / 2), count: view.count }, total));
  };
  /** Opens the task of a cell, or zooms into a cell with several tasks. */
  const openCell = (task: number): void => {
    if (grid.tasksPerCell === 1) onOpen(task);
    else zoom(Math.max(4, Math.min(16, grid.tasksPerCell)), task);
  };

  const keys: Record<string, () => void> = {
    ArrowRight: () => moveCursor(1),
    ArrowLeft: () => moveCursor(-1),
    ArrowDown: () => moveCursor(grid.columns),
    ArrowUp: () => moveCursor(-grid.columns),
    Home: () => moveCursor(-grid.cells),
    End: () => moveCursor(grid.cells),
    PageDown: () => scroll(1),
    PageUp: () => scroll(-1),
    "+": () => zoom(2),
    "=": () => zoom(2),
    "-": () => zoom(0.5),
    "0": showAll,
    n: goToNextFailure,
    Enter: () => cursor !== null && openCell(cursor),
    o: () => cursor !== null && onOpen(cursor),
  };

  function onKeyDown(event: KeyboardEvent): void {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }

  function taskAt(event: PointerEvent): number | null {
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / grid.size);
    const cell = Math.floor((event.clientY - box.top) / grid.size) * grid.columns + column;
    return column < grid.columns && cell < grid.cells ? view.start + cell * grid.tasksPerCell : null;
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
            if (task !== null) openCell(task);
          }}
        />
        <CellOutline task={selected} grid={grid} className="map-outline map-outline-selected" />
        <CellOutline task={cursor} grid={grid} className="map-outline" />
      </div>
      <div className="map-footer">
        <div className="figures" aria-live="polite">
          {cursor === null ? describeView(grid, total, shading) : describeCell(counts, grid, cursor)}
        </div>
        <SpaceBetween direction="horizontal" size="xxs">
          <Button
            variant="icon"
            iconName="angle-left"
            ariaLabel="Earlier tasks"
            disabled={view.start === 0}
            onClick={() => scroll(-1)}
          />
          <Button
            variant="icon"
            iconName="angle-right"
            ariaLabel="Later tasks"
            disabled={view.start + view.count >= total}
            onClick={() => scroll(1)}
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
            disabled={view.count <= MIN_VIEW}
            onClick={() => zoom(2)}
          />
          <Button disabled={view.count >= total} onClick={showAll}>
            Show all tasks
          </Button>
          <Button disabled={!hasFailures} onClick={goToNextFailure}>
            Next failure
          </Button>
        </SpaceBetween>
      </div>
      <Box variant="small" color="text-body-secondary">
        <span id="map-keys">
          Keyboard: arrow keys move the cursor, Enter opens a task or zooms into a cell, + and − zoom, 0 shows all
          tasks, Page Up and Page Down scroll, n goes to the next failure.
        </span>
      </Box>
    </SpaceBetween>
  );
}

const SHADING_DESCRIPTIONS: Record<Shading, string> = {
  worst: "colored by the worst status",
  majority: "colored by the most common status",
  rate: "colored by the failure rate",
};

function describeView({ view, tasksPerCell }: Grid, total: number, shading: Shading): string {
  const last = view.start + view.count - 1;
  const tasks =
    view.count >= total
      ? pluralize(total, "task")
      : `Tasks ${formatNumber(view.start)} to ${formatNumber(last)} of ${formatNumber(total)}`;
  return tasksPerCell > 1
    ? `${tasks}, ${formatNumber(tasksPerCell)} per cell, ${SHADING_DESCRIPTIONS[shading]}`
    : `${tasks}, 1 per cell`;
}

function describeCell(counts: Uint32Array, grid: Grid, task: number): string {
  const { view, tasksPerCell } = grid;
  const cell = Math.floor((task - view.start) / tasksPerCell);
  const statuses = STATUSES.flatMap((status, i) => {
    const count = counts[cell * 6 + i] ?? 0;
    const label = TASK_STATUS_STYLES[status].label.toLowerCase();
    return count ? [tasksPerCell === 1 ? label : `${formatNumber(count)} ${label}`] : [];
  }).join(", ");
  const first = view.start + cell * tasksPerCell;
  const last = Math.min(first + tasksPerCell, view.start + view.count) - 1;
  return first === last
    ? `Task ${formatNumber(first)}: ${statuses}`
    : `Tasks ${formatNumber(first)} to ${formatNumber(last)}: ${statuses}`;
}

function CellOutline({ task, grid, className }: { task: number | null; grid: Grid; className: string }) {
  const { view } = grid;
  if (task === null || task < view.start || task >= view.start + view.count) return null;
  const cell = Math.floor((task - view.start) / grid.tasksPerCell);
  return (
    <span
      className={className}
      style={{
        left: (cell % grid.columns) * grid.size - 2,
        top: Math.floor(cell / grid.columns) * grid.size - 2,
        width: grid.size + 1,
        height: grid.size + 1,
      }}
    />
  );
}
