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
import { CountsBar } from "@/components/counts-bar";
import { PageTurner, usePages } from "@/components/pages";
import { useIsPhone } from "@/components/phone";
import { ProblemAlert } from "@/components/problem-alert";
import { RefreshControl } from "@/components/refresh";
import { JOB_LOOKS, JobStatusMark } from "@/components/status";
import { Time } from "@/components/time";
import { useApi } from "@/lib/api/context";
import type { Job, JobStatus } from "@/lib/api/types";
import { number, plural } from "@/lib/format";
import { useInterval } from "@/lib/query";
import { useStore } from "@/lib/store";
import { allowed, jobsQuery, titleOf, type Verb, VERB_NAMES } from "./api";
import { BulkConfirm } from "./bulk";
import { COLUMNS, JobLink, SHOWN_AT_FIRST, Took } from "./columns";
import { NoJobs, NoMatch } from "./empty";
import { AGES, type JobsSearch, queryOf, searchOf } from "./filters";
import { SteerConfirm } from "./steer";
import { useFollowedJobs } from "./live";
import { askedOf, preferences } from "./preferences";

const SHOWN = COLUMNS.map(({ id }) => ({ id: String(id), visible: SHOWN_AT_FIRST.includes(String(id)) }));

export interface JobsTableProps {
  search: JobsSearch;
  onSearch: (search: JobsSearch) => void;
  types: string[];
  /** Beside the filter: saved views. */
  views?: React.ReactNode;
  /** Beside the actions on what is selected: those on all that match. */
  matching?: React.ReactNode;
}

const none: Job[] = [];

export function JobsTable({ search, onSearch, types, views, matching }: JobsTableProps) {
  const api = useApi();
  const chosen = { contentDisplay: SHOWN, ...useStore(preferences) };
  const phone = useIsPhone();
  const pages = usePages(JSON.stringify([search, chosen.pageSize]));
  const [selected, setSelected] = useState<Job[]>([]);
  const [asking, setAsking] = useState<Verb | null>(null);
  useFollowedJobs();
  const asked = askedOf(search, chosen.pageSize, pages.after);
  const found = useQuery({ ...jobsQuery(api, asked), refetchInterval: useInterval(true) });
  const loaded = found.data?.items ?? none;
  const next = found.data?.next_token ?? null;
  const { items, collectionProps } = useCollection(loaded, { sorting: {} });
  const current = selected.map((each) => loaded.find((job) => job.id === each.id) ?? each);
  const filtered = queryOf(search).tokens.length > 0;
  const several = next !== null || pages.page > 0;
  const sortedHere = several && collectionProps.sortingColumn !== undefined;

  const empty = found.isError ? (
    <Box padding="m">
      <ProblemAlert error={found.error} retry={() => void found.refetch()} />
    </Box>
  ) : filtered ? (
    <NoMatch onClear={() => onSearch({})} />
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
            items={(Object.keys(VERB_NAMES) as Verb[]).map((verb) => ({
              id: verb,
              text: VERB_NAMES[verb],
              disabled: !current.some((job) => allowed(job)[verb]),
              disabledReason: "No selected job is in a state for it",
            }))}
            onItemClick={({ detail }) => setAsking(detail.id as Verb)}
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
        query={queryOf(search)}
        onChange={({ detail }) => onSearch(searchOf(detail))}
        hideOperations
        expandToViewport
        filteringPlaceholder="Filter by status, type, tag, or the beginning of a name"
        filteringAriaLabel="Filter jobs"
        countText={plural(items.length, "match", "matches")}
        filteringProperties={[
          {
            key: "status",
            propertyLabel: "Status",
            groupValuesLabel: "Statuses",
            operators: [{ operator: "=", format: (value) => JOB_LOOKS[value as JobStatus]?.word ?? String(value) }],
          },
          { key: "type", propertyLabel: "Task type", groupValuesLabel: "Task types", operators: ["="] },
          { key: "name", propertyLabel: "Name", groupValuesLabel: "Names", operators: ["^"] },
          { key: "tag", propertyLabel: "Tag", groupValuesLabel: "Tags as key=value", operators: ["="] },
          {
            key: "created",
            propertyLabel: "Created",
            groupValuesLabel: "Created within",
            operators: [{ operator: "=", format: (value) => AGES[String(value)]?.word ?? String(value) }],
          },
        ]}
        filteringOptions={[
          ...(Object.keys(JOB_LOOKS) as JobStatus[]).map((value) => ({
            propertyKey: "status",
            value,
            label: JOB_LOOKS[value].word,
          })),
          ...types.map((value) => ({ propertyKey: "type", value })),
          ...Object.entries(AGES).map(([value, { word }]) => ({ propertyKey: "created", value, label: word })),
          ...tagsOf(loaded).map((value) => ({ propertyKey: "tag", value })),
        ]}
        {...(views ? { customControl: views } : {})}
      />
    </SpaceBetween>
  );

  const pagination = <PageTurner pages={pages} next={next} what="jobs" disabled={found.isPlaceholderData} />;

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
          ariaLabels={{ itemSelectionLabel: (_, job) => `Select ${titleOf(job)}`, selectionGroupLabel: "Jobs" }}
          cardDefinition={{
            header: (job) => <JobLink job={job} />,
            sections: [
              { id: "status", content: (job) => <JobStatusMark job={job} /> },
              { id: "progress", content: (job) => <CountsBar counts={job.counts} total={job.task_count} /> },
              {
                id: "tasks",
                header: "Tasks",
                width: 50,
                content: (job) => (job.task_count === null ? "–" : number(job.task_count)),
              },
              { id: "took", header: "Duration", width: 50, content: (job) => <Took job={job} /> },
              { id: "created", header: "Created", content: (job) => <Time at={job.created_at} /> },
            ],
          }}
        />
      ) : (
        <Table
          {...shared}
          {...collectionProps}
          trackBy="id"
          empty={empty}
          columnDefinitions={COLUMNS}
          columnDisplay={chosen.contentDisplay}
          resizableColumns
          enableKeyboardNavigation
          contentDensity={chosen.contentDensity ?? "comfortable"}
          onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
          ariaLabels={{
            tableLabel: "Jobs",
            selectionGroupLabel: "Jobs",
            allItemsSelectionLabel: () => "Select all jobs of this page",
            itemSelectionLabel: (_, job) => `Select ${titleOf(job)}`,
          }}
          preferences={
            <CollectionPreferences
              title="Preferences"
              confirmLabel="Confirm"
              cancelLabel="Cancel"
              preferences={chosen}
              onConfirm={({ detail }) => preferences.set({ ...chosen, ...detail })}
              pageSizePreference={{
                title: "Jobs on a page",
                options: [20, 50, 100].map((value) => ({ value, label: `${value} jobs` })),
              }}
              contentDensityPreference={{ label: "Compact", description: "Show more jobs at once" }}
              contentDisplayPreference={{
                title: "Columns",
                options: COLUMNS.map(({ id, header }) => ({
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
        <SteerConfirm verb={asking} job={current[0]} onClose={() => setAsking(null)} />
      )}
      {asking && current.length > 1 && <BulkConfirm verb={asking} jobs={current} onClose={() => setAsking(null)} />}
    </>
  );
}

/** Never a number that looks like all of them where there are more. */
const counter = (shown: number, more: boolean, selected: number): string =>
  `(${selected ? `${number(selected)}/` : ""}${number(shown)}${more ? "+" : ""})`;

const tagsOf = (jobs: Job[]): string[] => [
  ...new Set(jobs.flatMap((job) => Object.entries(job.tags).map(([key, value]) => `${key}=${value}`))),
];
