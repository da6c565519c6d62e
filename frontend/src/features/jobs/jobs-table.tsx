/** The table of jobs, with filter, selection and actions. On narrow screens it shows cards. */

import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Cards, { type CardsProps } from "@cloudscape-design/components/cards";
import CollectionPreferences, {
  type CollectionPreferencesProps,
} from "@cloudscape-design/components/collection-preferences";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useState } from "react";
import { ProblemAlert } from "@/components/problem-alert";
import { RefreshControl } from "@/components/refresh-control";
import { JobStatusIndicator } from "@/components/status-indicators";
import { TaskCountsBar } from "@/components/task-counts-bar";
import { Timestamp } from "@/components/timestamp";
import { TokenPagination, useTokenPagination } from "@/components/token-pagination";
import { useIsMobile } from "@/components/use-is-mobile";
import type { Job } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";
import { jobTitle } from "@/lib/job";
import { useStore } from "@/lib/store";
import { allowedActions, JOB_ACTIONS, type JobAction } from "./action-descriptions";
import { useJobs } from "./api";
import { NoJobs, NoMatchingJobs } from "./empty-states";
import { type JobsSearch, toPropertyFilter } from "./filters";
import { JobActionDialog } from "./job-action-dialog";
import { DEFAULT_COLUMNS, JOB_COLUMNS, JobDuration, JobLink } from "./job-columns";
import { JobsFilter } from "./jobs-filter";
import { useLiveJobs } from "./live-updates";
import { SelectedJobsDialog } from "./selected-jobs-dialog";
import { jobsRequest, tablePreferences } from "./table-preferences";

const COLUMN_DISPLAY = JOB_COLUMNS.map(({ id }) => ({ id: String(id), visible: DEFAULT_COLUMNS.includes(String(id)) }));

export interface JobsTableProps {
  search: JobsSearch;
  onSearch: (search: JobsSearch) => void;
  taskTypes: string[];
  savedViews?: ReactNode;
  /** The menu of actions on all matching jobs, next to the actions on selected jobs. */
  bulkActions?: ReactNode;
}

const noJobs: Job[] = [];

export function JobsTable({ search, onSearch, taskTypes, savedViews, bulkActions }: JobsTableProps) {
  const preferences = { contentDisplay: COLUMN_DISPLAY, ...useStore(tablePreferences) };
  const mobile = useIsMobile();
  const pagination = useTokenPagination(JSON.stringify([search, preferences.pageSize]));
  const [selected, setSelected] = useState<Job[]>([]);
  const [dialog, setDialog] = useState<JobAction | null>(null);
  useLiveJobs();
  const { data, error, isError, isPending, isPlaceholderData, refetch } = useJobs(
    jobsRequest(search, preferences.pageSize, pagination.token),
  );
  const jobs = data?.items ?? noJobs;
  const nextToken = data?.next_token ?? null;
  const { items, collectionProps } = useCollection(jobs, { sorting: {} });
  // A selected job can be on another page.
  const currentSelection = selected.map((each) => jobs.find((job) => job.id === each.id) ?? each);
  const filtered = toPropertyFilter(search).tokens.length > 0;
  const severalPages = nextToken !== null || pagination.page > 0;
  const sortedWithinPage = severalPages && collectionProps.sortingColumn !== undefined;

  const empty = isError ? (
    <Box padding="m">
      <ProblemAlert error={error} retry={() => void refetch()} />
    </Box>
  ) : filtered ? (
    <NoMatchingJobs onClear={() => onSearch({})} />
  ) : (
    <NoJobs />
  );

  const header = (
    <Header
      variant="awsui-h1-sticky"
      counter={counter(items.length, severalPages, selected.length)}
      {...(sortedWithinPage
        ? { description: "The sort order applies to this page. Pages are ordered from the newest job to the oldest." }
        : {})}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <RefreshControl live />
          <ButtonDropdown
            disabled={currentSelection.length === 0}
            items={(Object.keys(JOB_ACTIONS) as JobAction[]).map((action) => ({
              id: action,
              text: JOB_ACTIONS[action].label,
              disabled: !currentSelection.some((job) => allowedActions(job)[action]),
              disabledReason: "The state of the selected jobs does not allow this action",
            }))}
            onItemClick={({ detail }) => setDialog(detail.id as JobAction)}
          >
            Actions
          </ButtonDropdown>
          {bulkActions}
          <Button variant="primary" href="/jobs/new">
            New job
          </Button>
        </SpaceBetween>
      }
    >
      Jobs
    </Header>
  );

  const shared = {
    items,
    loading: isPending,
    loadingText: "Loading jobs",
    empty,
    header,
    filter: (
      <JobsFilter search={search} onSearch={onSearch} taskTypes={taskTypes} jobs={items} savedViews={savedViews} />
    ),
    pagination: (
      <TokenPagination pagination={pagination} nextToken={nextToken} itemsLabel="jobs" disabled={isPlaceholderData} />
    ),
    selectedItems: currentSelection,
    trackBy: "id" as const,
    selectionType: "multi" as const,
    variant: "full-page" as const,
    stickyHeader: true,
  };

  return (
    <>
      {mobile ? (
        <Cards
          {...shared}
          onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
          ariaLabels={{ itemSelectionLabel: (_, job) => `Select ${jobTitle(job)}`, selectionGroupLabel: "Jobs" }}
          cardDefinition={CARD}
        />
      ) : (
        <Table
          {...shared}
          {...collectionProps}
          trackBy="id"
          empty={empty}
          columnDefinitions={JOB_COLUMNS}
          columnDisplay={preferences.contentDisplay}
          resizableColumns
          enableKeyboardNavigation
          contentDensity={preferences.contentDensity ?? "comfortable"}
          onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
          ariaLabels={{
            tableLabel: "Jobs",
            selectionGroupLabel: "Jobs",
            allItemsSelectionLabel: () => "Select all jobs on this page",
            itemSelectionLabel: (_, job) => `Select ${jobTitle(job)}`,
          }}
          preferences={<TablePreferences preferences={preferences} />}
        />
      )}
      {dialog && currentSelection.length === 1 && currentSelection[0] && (
        <JobActionDialog action={dialog} job={currentSelection[0]} onClose={() => setDialog(null)} />
      )}
      {dialog && currentSelection.length > 1 && (
        <SelectedJobsDialog action={dialog} jobs={currentSelection} onClose={() => setDialog(null)} />
      )}
    </>
  );
}

/** The number of jobs on the page, with a plus sign if there are other pages, and the number of selected jobs. */
const counter = (shown: number, severalPages: boolean, selected: number): string =>
  `(${selected ? `${formatNumber(selected)}/` : ""}${formatNumber(shown)}${severalPages ? "+" : ""})`;

const CARD: CardsProps.CardDefinition<Job> = {
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
};

function TablePreferences({ preferences }: { preferences: CollectionPreferencesProps.Preferences }) {
  return (
    <CollectionPreferences
      title="Preferences"
      confirmLabel="Confirm"
      cancelLabel="Cancel"
      preferences={preferences}
      onConfirm={({ detail }) => tablePreferences.set({ ...preferences, ...detail })}
      pageSizePreference={{
        title: "Page size",
        options: [20, 50, 100].map((value) => ({ value, label: `${value} jobs` })),
      }}
      contentDensityPreference={{ label: "Compact mode", description: "Displays more jobs at once" }}
      contentDisplayPreference={{
        title: "Columns",
        options: JOB_COLUMNS.map(({ id, header }) => ({
          id: String(id),
          label: String(header),
          alwaysVisible: id === "name",
        })),
      }}
    />
  );
}
