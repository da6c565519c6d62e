/** How a user likes the table of jobs, kept in the browser, and what it asks for so. */

import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import { kept } from "@/lib/store";
import type { JobsAsked } from "./api";
import { filterOf, type JobsSearch } from "./filters";

const PAGE = 50;

export const preferences = kept<CollectionPreferencesProps.Preferences>("shoal.jobs", { pageSize: PAGE });

export const askedOf = (search: JobsSearch, limit: number | undefined, after: string | null): JobsAsked => ({
  filter: filterOf(search),
  limit: limit ?? PAGE,
  after,
});
