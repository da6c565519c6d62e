/** The jobs that are asked for, as the address says it and as the filter shows it. */

import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import { JOB_STATUS_STYLES } from "@/components/status-indicators";
import type { BulkFilter, JobStatus } from "@/lib/api/types";
import type { JobsFilter } from "./api";

/** Statuses with commas between; the rest are one each, since the API takes one. */
export interface JobsSearch {
  status?: string;
  type?: string;
  /** The beginning of a name. */
  name?: string;
  /** `key`, or `key=value`. */
  tag?: string;
  /** How far back: 1h, 24h, 7d, 30d. */
  created?: string;
}

export type Property = keyof JobsSearch;

export const PROPERTIES: readonly Property[] = ["status", "type", "name", "tag", "created"];

const HOUR = 3_600_000;

export const CREATED_RANGES: Record<string, { word: string; milliseconds: number }> = {
  "1h": { word: "the last hour", milliseconds: HOUR },
  "24h": { word: "the last 24 hours", milliseconds: 24 * HOUR },
  "7d": { word: "the last 7 days", milliseconds: 7 * 24 * HOUR },
  "30d": { word: "the last 30 days", milliseconds: 30 * 24 * HOUR },
};

const STATUSES = Object.keys(JOB_STATUS_STYLES) as JobStatus[];

export function parseSearch(said: Record<string, unknown>): JobsSearch {
  const found: JobsSearch = {};
  for (const each of PROPERTIES) {
    const value = said[each];
    if (typeof value === "string" && value) found[each] = value;
  }
  return found;
}

const split = (text: string | undefined): string[] => (text ?? "").split(",").filter(Boolean);

/** What the API is to be asked. */
export function toJobsFilter(search: JobsSearch): JobsFilter {
  return {
    statuses: split(search.status).filter((each): each is JobStatus => STATUSES.includes(each as JobStatus)),
    type: search.type ?? null,
    name: search.name ?? null,
    tag: search.tag ?? null,
    age: CREATED_RANGES[search.created ?? ""]?.milliseconds ?? null,
  };
}

/** The same for an action on all that match, at this moment; null where nothing is asked for. */
export function toBulkFilter(search: JobsSearch, now: number): BulkFilter | null {
  const { statuses, type, name, tag, age } = toJobsFilter(search);
  const filter: BulkFilter = {
    ...(statuses.length ? { status: statuses } : {}),
    ...(type ? { type } : {}),
    ...(name ? { name } : {}),
    ...(tag ? { tag } : {}),
    ...(age === null ? {} : { since: new Date(now - age).toISOString() }),
  };
  return Object.keys(filter).length ? filter : null;
}

export const toPropertyFilter = (search: JobsSearch): PropertyFilterProps.Query => ({
  operation: "and",
  tokens: PROPERTIES.flatMap((property) => {
    const values = property === "status" ? split(search.status) : search[property] ? [search[property]] : [];
    return values.map((value) => ({ propertyKey: property, operator: property === "name" ? "^" : "=", value }));
  }),
});

export function fromPropertyFilter(query: PropertyFilterProps.Query): JobsSearch {
  const found: JobsSearch = {};
  for (const token of query.tokens) {
    // A free text is looked for where users look: at the beginning of names.
    const property = (token.propertyKey ?? "name") as Property;
    const value = String(token.value ?? "").trim();
    if (!value) continue;
    found[property] = property === "status" ? [...new Set([...split(found.status), value])].join(",") : value;
  }
  return found;
}
