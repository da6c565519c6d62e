import { expect, test } from "vitest";
import { bytes, duration, percent } from "@/lib/format";

test.each([
  [0, "0 ms"],
  [0.0123, "12 ms"],
  [1.52, "1.5 s"],
  [59.4, "59 s"],
  [59.6, "1 min"],
  [3_599.7, "1 h"],
  [7_500, "2 h 5 min"],
  [360_000, "4 d 4 h"],
])("%d seconds are %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test("one of a million is not nothing, and all but one is not all", () => {
  expect([percent(1, 1_000_000), percent(999_999, 1_000_000), percent(1, 3)]).toEqual(["< 0.1 %", "> 99.9 %", "33.3 %"]);
});

test("bytes are told in the unit that fits", () => {
  expect([bytes(999), bytes(1_500), bytes(25_000_000)]).toEqual(["999 B", "1.5 kB", "25 MB"]);
});
