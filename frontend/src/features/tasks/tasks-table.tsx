/** The tasks of a job, with a filter by status. On narrow screens it shows cards. */

import Box from "@cloudscape-design/components/box";
import Cards, { type CardsProps } from "@cloudscape-design/components/cards";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Multiselect from "@cloudscape-design/components/multiselect";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { ProblemAlert } from "@/components/problem-alert";
import { TASK_STATUS_STYLES, TaskStatusIndicator } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import { rowCounter, TokenPagination, useTokenPagination } from "@/components/token-pagination";
import { useIsMobile } from "@/components/use-is-mobile";
import type { Task, TaskStatus } from "@/lib/api/types";
import { formatDuration, formatNumber } from "@/lib/format";
import { useTasks } from "./api";
import { GoToTask } from "./go-to-task";

const STATUSES = Object.keys(TASK_STATUS_STYLES) as TaskStatus[];
const MAX_TEXT_LENGTH = 160;
const noTasks: Task[] = [];

/** Parses statuses that are separated by commas, and ignores unknown ones. */
export const parseStatuses = (text: string | undefined): TaskStatus[] =>
  (text ?? "").split(",").filter((each): each is TaskStatus => STATUSES.includes(each as TaskStatus));

const shorten = (text: string): string => (text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text);

const inputText = (task: Task): string => (task.input === null ? "–" : shorten(JSON.stringify(task.input)));

/** The error, the progress or the result of a task. */
function outcomeText(task: Task): string {
  if (task.error) return shorten(`${task.error.type}: ${task.error.message}`);
  if (task.status === "RUNNING" && task.progress !== null) return `${Math.round(task.progress * 100)}% done`;
  if (task.too_large) return "Too large to display";
  if (task.result !== null && task.result !== undefined) return shorten(JSON.stringify(task.result));
  return "–";
}

const durationText = (task: Task): string => (task.duration === null ? "–" : formatDuration(task.duration));

export interface TasksTableProps {
  jobId: string;
  /** Whether tasks can still change. */
  active: boolean;
  statuses: TaskStatus[];
  onStatuses: (statuses: TaskStatus[]) => void;
  taskHref: (index: number) => string;
  /** The index of the task in the side panel. */
  selected: number | null;
}

export function TasksTable({ jobId, active, statuses, onStatuses, taskHref, selected }: TasksTableProps) {
  const mobile = useIsMobile();
  const pagination = useTokenPagination(`${jobId} ${statuses.join()}`);
  const { data, error, isError, isPending, isPlaceholderData, refetch } = useTasks(
    { jobId, statuses, nextToken: pagination.token },
    { poll: active },
  );
  const items = data?.items ?? noTasks;
  const nextToken = data?.next_token ?? null;

  const filter = (
    <div className="filter-row">
      <Multiselect
        selectedOptions={statuses.map((value) => ({ value, label: TASK_STATUS_STYLES[value].label }))}
        options={STATUSES.map((value) => ({ value, label: TASK_STATUS_STYLES[value].label }))}
        placeholder="Filter by status"
        ariaLabel="Task status"
        onChange={({ detail }) => onStatuses(parseStatuses(detail.selectedOptions.map((each) => each.value).join()))}
      />
      <GoToTask taskHref={taskHref} />
    </div>
  );
  const empty = isError ? (
    <ProblemAlert error={error} retry={() => void refetch()} />
  ) : (
    <Box textAlign="center" color="inherit" padding="m">
      {statuses.length ? "No matching tasks" : "Tasks are being planned"}
    </Box>
  );
  const shared = {
    items,
    loading: isPending,
    loadingText: "Loading tasks",
    empty,
    filter,
    header: (
      <Header variant="h2" counter={rowCounter(items.length, pagination, nextToken)}>
        Tasks
      </Header>
    ),
    pagination: (
      <TokenPagination pagination={pagination} nextToken={nextToken} itemsLabel="tasks" disabled={isPlaceholderData} />
    ),
  };
  return mobile ? (
    <Cards {...shared} trackBy="id" cardDefinition={cardOf(taskHref)} />
  ) : (
    <Table
      {...shared}
      trackBy="id"
      columnDefinitions={columnsOf(taskHref)}
      resizableColumns
      enableKeyboardNavigation
      stickyHeader
      selectedItems={items.filter((task) => task.index === selected)}
      ariaLabels={{ tableLabel: "Tasks" }}
    />
  );
}

const columnsOf = (taskHref: (index: number) => string): TableProps.ColumnDefinition<Task>[] => [
  {
    id: "index",
    header: "Task",
    isRowHeader: true,
    width: 110,
    cell: (task) => <Link href={taskHref(task.index)}>{formatNumber(task.index)}</Link>,
  },
  { id: "status", header: "Status", width: 130, cell: (task) => <TaskStatusIndicator status={task.status} /> },
  { id: "attempts", header: "Attempts", width: 100, cell: (task) => formatNumber(task.attempts) },
  { id: "duration", header: "Duration", width: 110, cell: durationText },
  { id: "input", header: "Input", width: 220, cell: (task) => <span className="mono">{inputText(task)}</span> },
  {
    id: "outcome",
    header: "Result or error",
    width: 300,
    cell: (task) => <span className="mono">{outcomeText(task)}</span>,
  },
  { id: "worker", header: "Worker", width: 140, cell: (task) => task.worker ?? "–" },
  { id: "started", header: "Started", width: 190, cell: (task) => <Timestamp at={task.started_at} /> },
];

const cardOf = (taskHref: (index: number) => string): CardsProps.CardDefinition<Task> => ({
  header: (task) => (
    <Link href={taskHref(task.index)} fontSize="heading-s">
      Task {formatNumber(task.index)}
    </Link>
  ),
  sections: [
    { id: "status", content: (task) => <TaskStatusIndicator status={task.status} /> },
    { id: "attempts", header: "Attempts", width: 50, content: (task) => formatNumber(task.attempts) },
    { id: "duration", header: "Duration", width: 50, content: durationText },
    { id: "outcome", header: "Result or error", content: (task) => <span className="mono">{outcomeText(task)}</span> },
  ],
});
