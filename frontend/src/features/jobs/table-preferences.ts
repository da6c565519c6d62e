/** How a user likes the table of jobs, kept in the browser, and what it asks for so. */

import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import { persistedStore } from "@/lib/store";
import type { JobsRequest } from "./api";
import { toJobsFilter, type JobsSearch } from "./filters";

const DEFAULT_PAGE_SIZE = 50;

export const tablePreferences = persistedStore<CollectionPreferencesProps.Preferences>("shoal.jobs", {
  pageSize: DEFAULT_PAGE_SIZE,
});

export const jobsRequest = (search: JobsSearch, limit: number | undefined, after: string | null): JobsRequest => ({
  filter: toJobsFilter(search),
  limit: limit ?? DEFAULT_PAGE_SIZE,
  after,
});
