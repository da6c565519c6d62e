import { expect, test } from "vitest";
import { canarySize, describeDiscard, describeRetry, parsePercent } from "./retry-descriptions";

const plan = { tasks: 200, cause: null, discarded: 0, completed: 800, generation: 2, canary: null };

test.each([
  [0.01, 200, 2],
  [0.01, 10, 1],
  [0.07, 100, 7],
  [1, 3, 3],
  [0.5, 3, 2],
])("a share of %d of %d tasks is a canary of %d", (share, tasks, size) => {
  expect(canarySize(share, tasks)).toBe(size);
});

test.each([
  ["1", false, 0.01],
  ["0.5", false, 0.005],
  ["0", false, null],
  ["0", true, 0],
  ["101", true, null],
  ["one", true, null],
])("parses the percentage %s (zero allowed: %s) as %s", (text, allowZero, share) => {
  expect(parsePercent(text, { allowZero })).toBe(share);
});

test("a retry description has the number of retried, discarded and completed tasks", () => {
  expect(describeRetry({ ...plan, discarded: 3 })).toBe(
    "Retries 200 tasks that did not complete. The retry is generation 2, with new attempts. 3 discarded tasks are skipped. 800 existing results are kept.",
  );
});

test("a canary description has the size of the canary and the number of tasks that must complete", () => {
  expect(describeRetry({ ...plan, cause: "Timeout", canary: { share: 0.05, bar: 0.9 } })).toBe(
    "Retries a canary of about 10 of 200 tasks that failed with Timeout. The retry is generation 2. If at least 9 of the canary tasks complete, the other 190 run too. Otherwise the job fails. Other failed tasks do not change. 800 existing results are kept.",
  );
});

test("a discard description uses the singular for one task", () => {
  expect(describeDiscard(1, "Timeout")).toMatch(/^Marks 1 task that failed with Timeout .* still runs it\.$/);
});

test.each([
  [{ share: 0.01, bar: 0.9 }, 54, /canary of 1 of 54 tasks .* If it completes, the other 53 run too\. Otherwise/],
  [
    { share: 0.5, bar: 0.5 },
    3,
    /canary of about 2 of 3 tasks .* at least 1 of the canary tasks complete, the other task runs too\. Otherwise/,
  ],
  [{ share: 0.5, bar: 0 }, 4, /When it ends, the other 2 run too\./],
  [
    { share: 1, bar: 0.9 },
    4,
    /^Retries a canary of all 4 tasks that did not complete\. The retry is generation 2\. 800/,
  ],
])("describes a canary of %j of %d tasks", (canary, tasks, description) => {
  expect(describeRetry({ ...plan, tasks, canary })).toMatch(description);
});
