/** The input fields of limits: their labels, their validation and the effect of a change. Pure. */

import type { LimitsSetting, Tenant } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";

export type Limit = keyof Tenant["limits"];

/** The text of each input field. A blank field uses the default of the deployment. */
export type LimitInputs = Record<Limit, string>;

interface LimitField {
  label: string;
  min: number;
  max: number;
  decimal: boolean;
}

export const LIMIT_FIELDS: Record<Limit, LimitField> = {
  open_jobs: { label: "Open jobs", min: 0, max: 1_000_000, decimal: false },
  queued_tasks: { label: "Tasks in open jobs", min: 0, max: 1_000_000_000_000, decimal: false },
  submit_rate: { label: "Submissions per second", min: 0.001, max: 1_000, decimal: true },
  submit_burst: { label: "Submission burst", min: 1, max: 100_000, decimal: false },
  retention_days: { label: "Retention (days)", min: 1, max: 3_650, decimal: false },
};

export const LIMITS = Object.keys(LIMIT_FIELDS) as Limit[];

/** The limits that are set for the tenant, as texts. */
export const limitInputs = ({ limits, own }: Tenant): LimitInputs =>
  Object.fromEntries(LIMITS.map((each) => [each, own.includes(each) ? String(limits[each]) : ""])) as LimitInputs;

/** The error of an input field, or null if it is valid or blank. */
export function limitError(limit: Limit, text: string): string | null {
  const { min, max, decimal } = LIMIT_FIELDS[limit];
  if (text === "") return null;
  const valid = (decimal ? /^\d+(\.\d+)?$/ : /^\d+$/).test(text) && Number(text) >= min && Number(text) <= max;
  return valid ? null : `Enter a ${decimal ? "" : "whole "}number from ${min} to ${formatNumber(max)}`;
}

/** The setting for the API. It omits limits that use the default of the deployment. */
export function toLimitsSetting(inputs: LimitInputs): LimitsSetting {
  return Object.fromEntries(LIMITS.filter((each) => inputs[each] !== "").map((each) => [each, Number(inputs[each])]));
}

/** One line for each limit that changes, with its old and its new value. */
export function describeChanges(tenant: Tenant, inputs: LimitInputs): string[] {
  const current = limitInputs(tenant);
  return LIMITS.filter((each) => inputs[each] !== current[each]).map((each) => {
    const before = formatNumber(tenant.limits[each]);
    const after = inputs[each] === "" ? "the deployment default" : formatNumber(Number(inputs[each]));
    return `${LIMIT_FIELDS[each].label}: from ${before} to ${after}`;
  });
}
