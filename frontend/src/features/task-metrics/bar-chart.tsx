/** A bar chart, drawn by uPlot on a canvas in the colors of the theme. Its label describes the data. */

import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "@/lib/preferences";
import type { Bars } from "./statistics";

const HEIGHT = 220;

export interface BarChartProps {
  label: string;
  bars: Bars;
  formatX: (value: number) => string;
  formatY: (value: number) => string;
}

export function BarChart({ label, bars, formatX, formatY }: BarChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const formats = useRef({ x: formatX, y: formatY });
  const [width, setWidth] = useState(0);
  const theme = useTheme();
  useEffect(() => {
    formats.current = { x: formatX, y: formatY };
  }, [formatX, formatY]);
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const element = frame.current;
    if (!element || !width) return undefined;
    const style = getComputedStyle(element);
    const line = style.getPropertyValue("--shoal-line").trim();
    const axis = { stroke: style.color, grid: { stroke: line, width: 0.5 }, ticks: { stroke: line, width: 0.5 } };
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: { range: (_, __, max) => [0, max * 1.05 || 1] } },
        axes: [
          { ...axis, space: 110, values: (_, ticks) => ticks.map((each) => formats.current.x(each)) },
          { ...axis, size: 80, values: (_, ticks) => ticks.map((each) => formats.current.y(each)) },
        ],
        series: [
          {},
          {
            fill: style.getPropertyValue("--shoal-running").trim(),
            ...(uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.9, Infinity], align: 1 }) } : {}),
            points: { show: false },
          },
        ],
      },
      [bars.starts, bars.values],
      element,
    );
    return () => plot.destroy();
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- the colors depend on the theme
  }, [bars, width, theme]);
  return <div ref={frame} role="img" aria-label={label} />;
}
