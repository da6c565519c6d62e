/** Limits as they are typed: checked as the API checks them, and what a change means. Pure. */

import type { LimitsSetting, Tenant } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";

export type Limit = keyof Tenant["limits"];
export type LimitInputs = Record<Limit, string>;

interface Field {
  label: string;
  least: number;
  most: number;
  broken: boolean;
}

export const FIELDS: Record<Limit, Field> = {
  open_jobs: { label: "Open jobs", least: 0, most: 1_000_000, broken: false },
  queued_tasks: { label: "Tasks of open jobs", least: 0, most: 1_000_000_000_000, broken: false },
  submit_rate: { label: "Submits a second", least: 0.001, most: 1_000, broken: true },
  submit_burst: { label: "Submits at once", least: 1, most: 100_000, broken: false },
  retention_days: { label: "Days that jobs are kept", least: 1, most: 3_650, broken: false },
};

export const LIMITS = Object.keys(FIELDS) as Limit[];

/** What is the tenant's own; nothing where the deployment's holds. */
export const limitInputs = ({ limits, own }: Tenant): LimitInputs =>
  Object.fromEntries(LIMITS.map((each) => [each, own.includes(each) ? String(limits[each]) : ""])) as LimitInputs;

/** Why a text is no such limit; null where it is one, or nothing. */
export function limitError(limit: Limit, text: string): string | null {
  const { least, most, broken } = FIELDS[limit];
  if (text === "") return null;
  const right = (broken ? /^\d+(\.\d+)?$/ : /^\d+$/).test(text) && Number(text) >= least && Number(text) <= most;
  return right ? null : `A ${broken ? "" : "whole "}number from ${least} to ${formatNumber(most)}`;
}

/** All that is set, as the API takes it: what is left out is the deployment's. */
export function toLimitsSetting(typed: LimitInputs): LimitsSetting {
  return Object.fromEntries(LIMITS.filter((each) => typed[each] !== "").map((each) => [each, Number(typed[each])]));
}

/** The effect in a sentence each, with what is and what will be. */
export function describeChanges(tenant: Tenant, typed: LimitInputs): string[] {
  const before = limitInputs(tenant);
  return LIMITS.filter((each) => typed[each] !== before[each]).map((each) => {
    const now = formatNumber(tenant.limits[each]);
    const will = typed[each] === "" ? "the deployment's" : formatNumber(Number(typed[each]));
    return `${FIELDS[each].label}: ${now} now, ${will} then.`;
  });
}
