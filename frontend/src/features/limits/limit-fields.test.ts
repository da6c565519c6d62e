import { expect, test } from "vitest";
import type { Tenant } from "@/lib/api/types";
import { describeChanges, limitError, toLimitsSetting, limitInputs } from "./limit-fields";

const tenant: Tenant = {
  tenant: "acme",
  limits: { open_jobs: 50, queued_tasks: 20_000_000, submit_rate: 50, submit_burst: 500, retention_days: 90 },
  own: ["open_jobs"],
  usage: { open_jobs: 3, queued_tasks: 1_000 },
};

test("only what is the tenant's own is typed, and sent again", () => {
  const typed = limitInputs(tenant);

  expect(typed).toEqual({ open_jobs: "50", queued_tasks: "", submit_rate: "", submit_burst: "", retention_days: "" });
  expect(toLimitsSetting({ ...typed, submit_rate: "0.5" })).toEqual({ open_jobs: 50, submit_rate: 0.5 });
});

test.each([
  ["open_jobs", "", true],
  ["open_jobs", "0", true],
  ["open_jobs", "1.5", false],
  ["submit_rate", "1.5", true],
  ["submit_rate", "0", false],
  ["retention_days", "3651", false],
] as const)("%s of %j is right: %s", (limit, text, right) => {
  expect(limitError(limit, text) === null).toBe(right);
});

test("a change is told with what is and what will be", () => {
  expect(describeChanges(tenant, { ...limitInputs(tenant), open_jobs: "", submit_burst: "1000" })).toEqual([
    "Open jobs: 50 now, the deployment's then.",
    "Submits at once: 500 now, 1,000 then.",
  ]);
});
