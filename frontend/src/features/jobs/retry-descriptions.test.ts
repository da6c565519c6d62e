import { expect, test } from "vitest";
import { describeDiscard, describeRetry, canarySize, parsePercent } from "./retry-descriptions";

const asked = { tasks: 200, of: null, discarded: 0, completed: 800, generation: 2, canary: null };

test.each([
  [0.01, 200, 2],
  [0.01, 10, 1],
  [0.07, 100, 7],
  [1, 3, 3],
  [0.5, 3, 2],
])("of a share of %d of %d tasks %d go first", (share, of, first) => {
  expect(canarySize(share, of)).toBe(first);
});

test.each([
  ["1", "above zero", 0.01],
  ["0.5", "above zero", 0.005],
  ["0", "above zero", null],
  ["0", "zero", 0],
  ["101", "zero", null],
  ["one", "zero", null],
] as const)("%s %% above %s is %s", (text, least, share) => {
  expect(parsePercent(text, least)).toBe(share);
});

test("a retry says how many tasks run, and what stays", () => {
  expect(describeRetry({ ...asked, discarded: 3 })).toBe(
    "200 tasks that did not complete will run again, as generation 2, with fresh attempts. 3 discarded tasks stay failed. 800 results already there stay.",
  );
});

test("a canary says how many go first and how many of them have to complete", () => {
  expect(describeRetry({ ...asked, of: "Timeout", canary: { share: 0.05, bar: 0.9 } })).toBe(
    "About 10 of 200 tasks that failed with Timeout will run again first, as generation 2. If at least 9 of them complete, the other 190 follow by themselves; else the job ends failed. All others stay as they are. 800 results already there stay.",
  );
});

test("a discard of one task speaks of one", () => {
  expect(describeDiscard(1, "Timeout")).toMatch(/^The 1 task that failed with Timeout stays failed/);
});

test.each([
  [{ share: 0.01, bar: 0.9 }, 54, /^One of 54 tasks .* If it completes, the other 53 follow by themselves; else/],
  [
    { share: 0.5, bar: 0.5 },
    3,
    /^About 2 of 3 tasks .* If at least 1 of them complete, the other follows by itself; else/,
  ],
  [{ share: 0.5, bar: 0 }, 4, /Whatever becomes of them, the other 2 follow by themselves\./],
  [{ share: 1, bar: 0.9 }, 4, /^4 tasks that did not complete will run again first, as generation 2\. 800/],
])("a canary of %j of %d tasks is told in a sentence", (canary, tasks, words) => {
  expect(describeRetry({ ...asked, tasks, canary })).toMatch(words);
});
