/** The property filter of the jobs table. */

import PropertyFilter from "@cloudscape-design/components/property-filter";
import type { ReactNode } from "react";
import { JOB_STATUS_STYLES } from "@/components/status-indicators";
import type { Job, JobStatus } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { CREATED_RANGES, fromPropertyFilter, type JobsSearch, toPropertyFilter } from "./filters";

export interface JobsFilterProps {
  search: JobsSearch;
  onSearch: (search: JobsSearch) => void;
  taskTypes: string[];
  /** The jobs on the page, whose tags are suggested. */
  jobs: readonly Job[];
  savedViews: ReactNode;
}

export function JobsFilter({ search, onSearch, taskTypes, jobs, savedViews }: JobsFilterProps) {
  return (
    <PropertyFilter
      query={toPropertyFilter(search)}
      onChange={({ detail }) => onSearch(fromPropertyFilter(detail))}
      hideOperations
      expandToViewport
      filteringPlaceholder="Filter jobs by status, task type, name prefix, tag or creation time"
      filteringAriaLabel="Filter jobs"
      countText={pluralize(jobs.length, "match", "matches")}
      filteringProperties={[
        {
          key: "status",
          propertyLabel: "Status",
          groupValuesLabel: "Statuses",
          operators: [
            { operator: "=", format: (value) => JOB_STATUS_STYLES[value as JobStatus]?.label ?? String(value) },
          ],
        },
        { key: "type", propertyLabel: "Task type", groupValuesLabel: "Task types", operators: ["="] },
        { key: "name", propertyLabel: "Name", groupValuesLabel: "Names", operators: ["^"] },
        { key: "tag", propertyLabel: "Tag", groupValuesLabel: "Tags (key or key=value)", operators: ["="] },
        {
          key: "created",
          propertyLabel: "Created",
          groupValuesLabel: "Creation times",
          operators: [{ operator: "=", format: (value) => CREATED_RANGES[String(value)]?.label ?? String(value) }],
        },
      ]}
      filteringOptions={[
        ...(Object.keys(JOB_STATUS_STYLES) as JobStatus[]).map((value) => ({
          propertyKey: "status",
          value,
          label: JOB_STATUS_STYLES[value].label,
        })),
        ...taskTypes.map((value) => ({ propertyKey: "type", value })),
        ...Object.entries(CREATED_RANGES).map(([value, { label }]) => ({ propertyKey: "created", value, label })),
        ...tagsOf(jobs).map((value) => ({ propertyKey: "tag", value })),
      ]}
      {...(savedViews ? { customControl: savedViews } : {})}
    />
  );
}

const tagsOf = (jobs: readonly Job[]): string[] => [
  ...new Set(jobs.flatMap((job) => Object.entries(job.tags).map(([key, value]) => `${key}=${value}`))),
];
