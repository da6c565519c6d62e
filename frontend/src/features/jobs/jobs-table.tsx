/** The table of jobs; cards on a phone. */

import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Cards from "@cloudscape-design/components/cards";
import CollectionPreferences from "@cloudscape-design/components/collection-preferences";
import Header from "@cloudscape-design/components/header";
import PropertyFilter from "@cloudscape-design/components/property-filter";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { TaskCountsBar } from "@/components/task-counts-bar";
import { TokenPagination, useTokenPagination } from "@/components/token-pagination";
import { useIsMobile } from "@/components/use-is-mobile";
import { ProblemAlert } from "@/components/problem-alert";
import { RefreshControl } from "@/components/refresh-control";
import { JOB_STATUS_STYLES, JobStatusIndicator } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import { useApi } from "@/lib/api/context";
import type { Job, JobStatus } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { useRefetchInterval } from "@/lib/query";
import { useStore } from "@/lib/store";
import { allowedActions, jobsQuery, jobTitle, type JobAction, JOB_ACTION_LABELS } from "./api";
import { SelectedJobsDialog } from "./selected-jobs-dialog";
import { JOB_COLUMNS, JobLink, DEFAULT_COLUMNS, JobDuration } from "./job-columns";
import { NoJobs, NoMatchingJobs } from "./empty-states";
import { CREATED_RANGES, type JobsSearch, toPropertyFilter, fromPropertyFilter } from "./filters";
import { JobActionDialog } from "./job-action-dialog";
import { useLiveJobs } from "./live-updates";
import { jobsRequest, tablePreferences } from "./table-preferences";

const SHOWN = JOB_COLUMNS.map(({ id }) => ({ id: String(id), visible: DEFAULT_COLUMNS.includes(String(id)) }));

export interface JobsTableProps {
  search: JobsSearch;
  onSearch: (search: JobsSearch) => void;
  taskTypes: string[];
  /** Beside the filter: saved views. */
  savedViews?: React.ReactNode;
  /** Beside the actions on what is selected: those on all that match. */
  bulkActions?: React.ReactNode;
}

const none: Job[] = [];

export function JobsTable({
  search,
  onSearch,
  taskTypes: types,
  savedViews: views,
  bulkActions: matching,
}: JobsTableProps) {
  const api = useApi();
  const chosen = { contentDisplay: SHOWN, ...useStore(tablePreferences) };
  const phone = useIsMobile();
  const pages = useTokenPagination(JSON.stringify([search, chosen.pageSize]));
  const [selected, setSelected] = useState<Job[]>([]);
  const [asking, setAsking] = useState<JobAction | null>(null);
  useLiveJobs();
  const asked = jobsRequest(search, chosen.pageSize, pages.after);
  const found = useQuery({ ...jobsQuery(api, asked), refetchInterval: useRefetchInterval(true) });
  const loaded = found.data?.items ?? none;
  const next = found.data?.next_token ?? null;
  const { items, collectionProps } = useCollection(loaded, { sorting: {} });
  const current = selected.map((each) => loaded.find((job) => job.id === each.id) ?? each);
  const filtered = toPropertyFilter(search).tokens.length > 0;
  const several = next !== null || pages.page > 0;
  const sortedHere = several && collectionProps.sortingColumn !== undefined;

  const empty = found.isError ? (
    <Box padding="m">
      <ProblemAlert error={found.error} retry={() => void found.refetch()} />
    </Box>
  ) : filtered ? (
    <NoMatchingJobs onClear={() => onSearch({})} />
  ) : (
    <NoJobs />
  );

  const header = (
    <Header
      variant="awsui-h1-sticky"
      counter={counter(items.length, several, selected.length)}
      {...(sortedHere ? { description: "Sorted within this page; pages go from the newest job to the oldest." } : {})}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <RefreshControl pushed />
          <ButtonDropdown
            disabled={current.length === 0}
            items={(Object.keys(JOB_ACTION_LABELS) as JobAction[]).map((verb) => ({
              id: verb,
              text: JOB_ACTION_LABELS[verb],
              disabled: !current.some((job) => allowedActions(job)[verb]),
              disabledReason: "No selected job is in a state for it",
            }))}
            onItemClick={({ detail }) => setAsking(detail.id as JobAction)}
          >
            Actions
          </ButtonDropdown>
          {matching}
          <Button variant="primary" href="/jobs/new">
            New job
          </Button>
        </SpaceBetween>
      }
    >
      Jobs
    </Header>
  );

  const filter = (
    <SpaceBetween size="xs">
      <PropertyFilter
        query={toPropertyFilter(search)}
        onChange={({ detail }) => onSearch(fromPropertyFilter(detail))}
        hideOperations
        expandToViewport
        filteringPlaceholder="Filter by status, type, tag, or the beginning of a name"
        filteringAriaLabel="Filter jobs"
        countText={pluralize(items.length, "match", "matches")}
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
          { key: "tag", propertyLabel: "Tag", groupValuesLabel: "Tags as key=value", operators: ["="] },
          {
            key: "created",
            propertyLabel: "Created",
            groupValuesLabel: "Created within",
            operators: [{ operator: "=", format: (value) => CREATED_RANGES[String(value)]?.word ?? String(value) }],
          },
        ]}
        filteringOptions={[
          ...(Object.keys(JOB_STATUS_STYLES) as JobStatus[]).map((value) => ({
            propertyKey: "status",
            value,
            label: JOB_STATUS_STYLES[value].label,
          })),
          ...types.map((value) => ({ propertyKey: "type", value })),
          ...Object.entries(CREATED_RANGES).map(([value, { word }]) => ({
            propertyKey: "created",
            value,
            label: word,
          })),
          ...tagsOf(loaded).map((value) => ({ propertyKey: "tag", value })),
        ]}
        {...(views ? { customControl: views } : {})}
      />
    </SpaceBetween>
  );

  const pagination = (
    <TokenPagination pagination={pages} nextToken={next} itemsLabel="jobs" disabled={found.isPlaceholderData} />
  );

  const shared = {
    items,
    loading: found.isPending,
    loadingText: "Loading jobs",
    empty,
    header,
    filter,
    pagination,
    selectedItems: current,
    trackBy: "id" as const,
    selectionType: "multi" as const,
    variant: "full-page" as const,
    stickyHeader: true,
  };

  return (
    <>
      {phone ? (
        <Cards
          {...shared}
          onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
          ariaLabels={{ itemSelectionLabel: (_, job) => `Select ${jobTitle(job)}`, selectionGroupLabel: "Jobs" }}
          cardDefinition={{
            header: (job) => <JobLink job={job} />,
            sections: [
              { id: "status", content: (job) => <JobStatusIndicator job={job} /> },
              { id: "progress", content: (job) => <TaskCountsBar counts={job.counts} total={job.task_count} /> },
              {
                id: "tasks",
                header: "Tasks",
                width: 50,
                content: (job) => (job.task_count === null ? "–" : formatNumber(job.task_count)),
              },
              { id: "took", header: "Duration", width: 50, content: (job) => <JobDuration job={job} /> },
              { id: "created", header: "Created", content: (job) => <Timestamp at={job.created_at} /> },
            ],
          }}
        />
      ) : (
        <Table
          {...shared}
          {...collectionProps}
          trackBy="id"
          empty={empty}
          columnDefinitions={JOB_COLUMNS}
          columnDisplay={chosen.contentDisplay}
          resizableColumns
          enableKeyboardNavigation
          contentDensity={chosen.contentDensity ?? "comfortable"}
          onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
          ariaLabels={{
            tableLabel: "Jobs",
            selectionGroupLabel: "Jobs",
            allItemsSelectionLabel: () => "Select all jobs of this page",
            itemSelectionLabel: (_, job) => `Select ${jobTitle(job)}`,
          }}
          preferences={
            <CollectionPreferences
              title="Preferences"
              confirmLabel="Confirm"
              cancelLabel="Cancel"
              preferences={chosen}
              onConfirm={({ detail }) => tablePreferences.set({ ...chosen, ...detail })}
              pageSizePreference={{
                title: "Jobs on a page",
                options: [20, 50, 100].map((value) => ({ value, label: `${value} jobs` })),
              }}
              contentDensityPreference={{ label: "Compact", description: "Show more jobs at once" }}
              contentDisplayPreference={{
                title: "Columns",
                options: JOB_COLUMNS.map(({ id, header }) => ({
                  id: String(id),
                  label: String(header),
                  alwaysVisible: id === "name",
                })),
              }}
            />
          }
        />
      )}
      {asking && current.length === 1 && current[0] && (
        <JobActionDialog verb={asking} job={current[0]} onClose={() => setAsking(null)} />
      )}
      {asking && current.length > 1 && (
        <SelectedJobsDialog verb={asking} jobs={current} onClose={() => setAsking(null)} />
      )}
    </>
  );
}

/** Never a number that looks like all of them where there are more. */
const counter = (shown: number, more: boolean, selected: number): string =>
  `(${selected ? `${formatNumber(selected)}/` : ""}${formatNumber(shown)}${more ? "+" : ""})`;

const tagsOf = (jobs: Job[]): string[] => [
  ...new Set(jobs.flatMap((job) => Object.entries(job.tags).map(([key, value]) => `${key}=${value}`))),
];
