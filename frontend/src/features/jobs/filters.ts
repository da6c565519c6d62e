/** The filter of the jobs table: as search parameters, as a property filter, and as a filter of the API. Pure. */

import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import { JOB_STATUS_STYLES } from "@/components/status-indicators";
import type { BulkFilter, JobStatus } from "@/lib/api/types";
import type { JobsFilter } from "./api";

/** The search parameters of the address. The API takes several statuses, but one value of each other field. */
export interface JobsSearch {
  /** Statuses, separated by commas. */
  status?: string;
  type?: string;
  /** A prefix of the name. */
  name?: string;
  /** `key`, or `key=value`. */
  tag?: string;
  /** A key of `CREATED_RANGES`. */
  created?: string;
}

type Property = keyof JobsSearch;

export const PROPERTIES: readonly Property[] = ["status", "type", "name", "tag", "created"];

const HOUR = 3_600_000;

export const CREATED_RANGES: Record<string, { label: string; milliseconds: number }> = {
  "1h": { label: "Last hour", milliseconds: HOUR },
  "24h": { label: "Last 24 hours", milliseconds: 24 * HOUR },
  "7d": { label: "Last 7 days", milliseconds: 7 * 24 * HOUR },
  "30d": { label: "Last 30 days", milliseconds: 30 * 24 * HOUR },
};

const STATUSES = Object.keys(JOB_STATUS_STYLES) as JobStatus[];

export function parseSearch(parameters: Record<string, unknown>): JobsSearch {
  const search: JobsSearch = {};
  for (const property of PROPERTIES) {
    const value = parameters[property];
    if (typeof value === "string" && value) search[property] = value;
  }
  return search;
}

const split = (text: string | undefined): string[] => (text ?? "").split(",").filter(Boolean);

/** The filter for a list of jobs. */
export function toJobsFilter(search: JobsSearch): JobsFilter {
  return {
    statuses: split(search.status).filter((each): each is JobStatus => STATUSES.includes(each as JobStatus)),
    type: search.type ?? null,
    namePrefix: search.name ?? null,
    tag: search.tag ?? null,
    maxAge: CREATED_RANGES[search.created ?? ""]?.milliseconds ?? null,
  };
}

/** The filter for a bulk action at a time. Returns null if no filter is set. */
export function toBulkFilter(search: JobsSearch, now: number): BulkFilter | null {
  const { statuses, type, namePrefix, tag, maxAge } = toJobsFilter(search);
  const filter: BulkFilter = {
    ...(statuses.length ? { status: statuses } : {}),
    ...(type ? { type } : {}),
    ...(namePrefix ? { name: namePrefix } : {}),
    ...(tag ? { tag } : {}),
    ...(maxAge === null ? {} : { since: new Date(now - maxAge).toISOString() }),
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
  const search: JobsSearch = {};
  for (const token of query.tokens) {
    // Free text is a prefix of the name.
    const property = (token.propertyKey ?? "name") as Property;
    const value = String(token.value ?? "").trim();
    if (!value) continue;
    search[property] = property === "status" ? [...new Set([...split(search.status), value])].join(",") : value;
  }
  return search;
}
