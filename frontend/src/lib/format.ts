/** Formats numbers, durations, times and sentences. */

import type { TimeZone } from "@/lib/preferences";

const whole = new Intl.NumberFormat("en");

export const formatNumber = (value: number): string => whole.format(value);

export const pluralize = (count: number, one: string, many = `${one}s`): string =>
  `${formatNumber(count)} ${count === 1 ? one : many}`;

export const formatPercent = (part: number, all: number): string => {
  if (!all) return "0%";
  const value = (100 * part) / all;
  if (value > 0 && value < 0.1) return "< 0.1%";
  if (value < 100 && value > 99.9) return "> 99.9%";
  return `${Number.isInteger(value) ? value : value.toFixed(1)}%`;
};

/** A duration in at most two units: 850 ms, 1.5 s, 3 min 20 s, 2 h 5 min, 4 d 1 h. */
export function formatDuration(seconds: number): string {
  if (seconds < 0.0005) return "0 ms";
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const all = Math.round(seconds);
  if (all < 60) return `${all} s`;
  if (all < 3_600) return pair(Math.floor(all / 60), "min", all % 60, "s");
  const minutes = Math.round(all / 60);
  if (minutes < 1_440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

const pair = (first: number, unit: string, second: number, smaller: string): string =>
  second ? `${first} ${unit} ${second} ${smaller}` : `${first} ${unit}`;

const parts = (zone: TimeZone): Intl.DateTimeFormatOptions => ({
  day: "2-digit",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  ...(zone === "utc" ? { timeZone: "UTC" } : {}),
});

const formats: Record<TimeZone, Intl.DateTimeFormat> = {
  local: new Intl.DateTimeFormat("en-GB", parts("local")),
  utc: new Intl.DateTimeFormat("en-GB", parts("utc")),
};

export const formatTime = (at: string | number, zone: TimeZone): string =>
  formats[zone].format(new Date(at)) + (zone === "utc" ? " UTC" : "");

/** Omits the year if it is the current one. */
export function formatShortTime(at: string | number, zone: TimeZone, now = Date.now()): string {
  const year = (moment: string | number): string =>
    formats[zone].formatToParts(new Date(moment)).find(({ type }) => type === "year")?.value ?? "";
  const full = formatTime(at, zone);
  return year(at) === year(now) ? full.replace(` ${year(at)}`, "") : full;
}

/** A time of day with tenths of a second. */
export const formatPreciseTime = (seconds: number, zone: TimeZone): string =>
  `${formatTime(Math.floor(seconds * 10) * 100, zone).slice(13, 21)}.${Math.floor(seconds * 10) % 10}`;

export const browserTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The age of a time. */
export function formatRelativeTime(at: string, now = Date.now()): string {
  const seconds = (now - Date.parse(at)) / 1000;
  if (seconds < -5) return `in ${formatDuration(-seconds)}`;
  return seconds < 5 ? "just now" : `${formatDuration(seconds)} ago`;
}

export function formatBytes(count: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Capitalizes a text and ends it with a period. */
export const toSentence = (text: string): string => {
  const capitalized = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(capitalized) ? capitalized : `${capitalized}.`;
};
