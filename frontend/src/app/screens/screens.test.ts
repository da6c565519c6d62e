import { expect, test } from "vitest";
import { SCREENS, screenAt } from "@/app/screens";

test.each([
  ["/", SCREENS.jobs],
  ["/jobs", SCREENS.jobs],
  ["/jobs/new", SCREENS.newJob],
  ["/jobs/job_01J", SCREENS.job],
  ["/settings", null],
])("the screen at %s is fetched with what all screens need", (path, screen) => {
  expect(screenAt(path)).toBe(screen);
});
