/** Bars on a canvas by uPlot, in the page's colours; what they say is in its label too. */

import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "@/lib/preferences";
import type { Bars } from "./statistics";

const HEIGHT = 220;

export interface BarChartProps {
  label: string;
  bars: Bars;
  x: (value: number) => string;
  y: (value: number) => string;
}

export function BarChart({ label, bars, x, y }: BarChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const words = useRef({ x, y });
  const [width, setWidth] = useState(0);
  const theme = useTheme();
  useEffect(() => {
    words.current = { x, y };
  }, [x, y]);
  useEffect(() => {
    const there = frame.current;
    if (!there) return undefined;
    const observer = new ResizeObserver(() => setWidth(there.clientWidth));
    observer.observe(there);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const there = frame.current;
    if (!there || !width) return undefined;
    const style = getComputedStyle(there);
    const ink = style.color;
    const line = style.getPropertyValue("--shoal-line").trim();
    const axis = { stroke: ink, grid: { stroke: line, width: 0.5 }, ticks: { stroke: line, width: 0.5 } };
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: { range: (_, __, most) => [0, most * 1.05 || 1] } },
        axes: [
          { ...axis, space: 110, values: (_, ticks) => ticks.map((each) => words.current.x(each)) },
          { ...axis, size: 80, values: (_, ticks) => ticks.map((each) => words.current.y(each)) },
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
      [bars.from, bars.counts],
      there,
    );
    return () => plot.destroy();
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- another theme has other colours
  }, [bars, width, theme]);
  return <div ref={frame} role="img" aria-label={label} />;
}
