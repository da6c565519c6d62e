import { expect, test } from "vitest";
import type { Tenant } from "@/lib/api/types";
import { describeChanges, limitError, limitInputs, toLimitsSetting } from "./limit-fields";

const tenant: Tenant = {
  tenant: "acme",
  limits: { open_jobs: 50, queued_tasks: 20_000_000, submit_rate: 50, submit_burst: 500, retention_days: 90 },
  own: ["open_jobs"],
  usage: { open_jobs: 3, queued_tasks: 1_000 },
};

test("input fields contain only the limits that are set for the tenant, and the setting keeps them", () => {
  const inputs = limitInputs(tenant);

  expect(inputs).toEqual({ open_jobs: "50", queued_tasks: "", submit_rate: "", submit_burst: "", retention_days: "" });
  expect(toLimitsSetting({ ...inputs, submit_rate: "0.5" })).toEqual({ open_jobs: 50, submit_rate: 0.5 });
});

test.each([
  ["open_jobs", "", true],
  ["open_jobs", "0", true],
  ["open_jobs", "1.5", false],
  ["submit_rate", "1.5", true],
  ["submit_rate", "0", false],
  ["retention_days", "3651", false],
] as const)("%s accepts %j: %s", (limit, text, valid) => {
  expect(limitError(limit, text) === null).toBe(valid);
});

test("a change is described by its old and its new value", () => {
  expect(describeChanges(tenant, { ...limitInputs(tenant), open_jobs: "", submit_burst: "1000" })).toEqual([
    "Open jobs: from 50 to the deployment default",
    "Submission burst: from 500 to 1,000",
  ]);
});
