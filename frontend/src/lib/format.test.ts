import { expect, test } from "vitest";
import { formatShortTime, formatBytes, formatDuration, formatPreciseTime, formatPercent } from "@/lib/format";

test.each([
  [0, "0 ms"],
  [0.0123, "12 ms"],
  [1.52, "1.5 s"],
  [59.4, "59 s"],
  [59.6, "1 min"],
  [3_599.7, "1 h"],
  [7_500, "2 h 5 min"],
  [360_000, "4 d 4 h"],
])("formats %d seconds as %s", (seconds, words) => {
  expect(formatDuration(seconds)).toBe(words);
});

test("does not round a percentage to 0 or to 100", () => {
  expect([formatPercent(1, 1_000_000), formatPercent(999_999, 1_000_000), formatPercent(1, 3)]).toEqual([
    "< 0.1%",
    "> 99.9%",
    "33.3%",
  ]);
});

test("formats bytes in the largest unit that fits", () => {
  expect([formatBytes(999), formatBytes(1_500), formatBytes(25_000_000)]).toEqual(["999 B", "1.5 kB", "25 MB"]);
});

test("shows the year only if it is not the current one", () => {
  const now = Date.parse("2026-11-27T10:00:00Z");

  expect(formatShortTime("2026-03-01T08:05:09Z", "utc", now)).toBe("01 Mar, 08:05:09 UTC");
  expect(formatShortTime("2025-12-31T23:59:59Z", "utc", now)).toBe("31 Dec 2025, 23:59:59 UTC");
});

test("formats tenths of a second", () => {
  expect(formatPreciseTime(1_700_000_000.37, "utc")).toBe("22:13:20.3");
});
