/** The user's preferences for the jobs table, and the request that they result in. */

import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import { persistedStore } from "@/lib/store";
import type { JobsRequest } from "./api";
import { type JobsSearch, toJobsFilter } from "./filters";

const DEFAULT_PAGE_SIZE = 50;

export const tablePreferences = persistedStore<CollectionPreferencesProps.Preferences>("shoal.jobs", {
  pageSize: DEFAULT_PAGE_SIZE,
});

export const jobsRequest = (
  search: JobsSearch,
  pageSize: number | undefined,
  nextToken: string | null,
): JobsRequest => ({
  filter: toJobsFilter(search),
  limit: pageSize ?? DEFAULT_PAGE_SIZE,
  nextToken,
});
