import { expect, test } from "vitest";
import { SCREENS, screenToPreload } from "@/app/screens";

test.each([
  ["/", SCREENS.jobs.load],
  ["/jobs", SCREENS.jobs.load],
  ["/jobs/new", SCREENS.newJob.load],
  ["/jobs/job_01J", SCREENS.job.load],
  ["/settings", null],
])("the code of the screen at %s is loaded together with the shared code", (path, load) => {
  expect(screenToPreload(path)).toBe(load);
});
