/** The tasks of a job, a page at a time; cards on a phone. */

import Box from "@cloudscape-design/components/box";
import Cards from "@cloudscape-design/components/cards";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Multiselect from "@cloudscape-design/components/multiselect";
import Table from "@cloudscape-design/components/table";
import type { TableProps } from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { rowCounter, TokenPagination, useTokenPagination } from "@/components/token-pagination";
import { useIsMobile } from "@/components/use-is-mobile";
import { ProblemAlert } from "@/components/problem-alert";
import { TASK_STATUS_STYLES, TaskStatusIndicator } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import { useApi } from "@/lib/api/context";
import type { Task, TaskStatus } from "@/lib/api/types";
import { formatDuration, formatNumber } from "@/lib/format";
import { useRefetchInterval } from "@/lib/query";
import { tasksQuery } from "./api";
import { GoToTask } from "./go-to-task";

const PAGE = 50;
const STATUSES = Object.keys(TASK_STATUS_STYLES) as TaskStatus[];
const none: Task[] = [];

export const parseStatuses = (text: string | undefined): TaskStatus[] =>
  (text ?? "").split(",").filter((each): each is TaskStatus => STATUSES.includes(each as TaskStatus));

const cut = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

/** What is worth a line: the error, the progress, or the result. */
function summary(task: Task): string {
  if (task.error) return cut(`${task.error.type}: ${task.error.message}`);
  if (task.status === "RUNNING" && task.progress !== null) return `${Math.round(task.progress * 100)}% done`;
  if (task.too_large) return "A result too large to show here";
  if (task.result !== null && task.result !== undefined) return cut(JSON.stringify(task.result));
  return "–";
}

const INPUT = (task: Task): string => (task.input === null ? "–" : cut(JSON.stringify(task.input)));

export interface TasksTableProps {
  job: string;
  /** Whether more may happen to them. */
  active: boolean;
  statuses: TaskStatus[];
  onStatuses: (statuses: TaskStatus[]) => void;
  taskHref: (index: number) => string;
  shown: number | null;
}

export function TasksTable({ job, active: moving, statuses, onStatuses, taskHref, shown }: TasksTableProps) {
  const api = useApi();
  const phone = useIsMobile();
  const every = useRefetchInterval();
  const pages = useTokenPagination(`${job} ${statuses.join()}`);
  const found = useQuery({
    ...tasksQuery(api, { job, statuses, limit: PAGE, after: pages.after }),
    refetchInterval: moving ? every : false,
  });
  const items = found.data?.items ?? none;
  const next = found.data?.next_token ?? null;

  const columns: TableProps.ColumnDefinition<Task>[] = [
    {
      id: "index",
      header: "Task",
      isRowHeader: true,
      width: 110,
      cell: (task) => <Link href={taskHref(task.index)}>{formatNumber(task.index)}</Link>,
    },
    { id: "status", header: "Status", width: 130, cell: (task) => <TaskStatusIndicator status={task.status} /> },
    { id: "attempts", header: "Attempts", width: 100, cell: (task) => formatNumber(task.attempts) },
    {
      id: "duration",
      header: "Duration",
      width: 110,
      cell: (task) => (task.duration === null ? "–" : formatDuration(task.duration)),
    },
    { id: "input", header: "Input", width: 220, cell: (task) => <span className="mono">{INPUT(task)}</span> },
    {
      id: "summary",
      header: "Result or error",
      width: 300,
      cell: (task) => <span className="mono">{summary(task)}</span>,
    },
    { id: "worker", header: "Worker", width: 140, cell: (task) => task.worker ?? "–" },
    { id: "started", header: "Started", width: 190, cell: (task) => <Timestamp at={task.started_at} /> },
  ];

  const filter = (
    <div className="filter-row">
      <Multiselect
        selectedOptions={statuses.map((value) => ({ value, label: TASK_STATUS_STYLES[value].label }))}
        options={STATUSES.map((value) => ({ value, label: TASK_STATUS_STYLES[value].label }))}
        placeholder="Any status"
        ariaLabel="Status of tasks"
        onChange={({ detail }) => onStatuses(parseStatuses(detail.selectedOptions.map((each) => each.value).join()))}
      />
      <GoToTask href={taskHref} />
    </div>
  );
  const pagination = (
    <TokenPagination pagination={pages} nextToken={next} itemsLabel="tasks" disabled={found.isPlaceholderData} />
  );
  const empty = found.isError ? (
    <ProblemAlert error={found.error} retry={() => void found.refetch()} />
  ) : (
    <Box textAlign="center" color="inherit" padding="m">
      {statuses.length ? "No task has this status now." : "Its tasks are not planned yet."}
    </Box>
  );
  const header = (
    <Header variant="h2" counter={rowCounter(items.length, pages, next)}>
      Tasks
    </Header>
  );
  const shared = { items, loading: found.isPending, loadingText: "Loading tasks", empty, header, filter, pagination };

  if (phone) {
    return (
      <Cards
        {...shared}
        trackBy="id"
        cardDefinition={{
          header: (task) => (
            <Link href={taskHref(task.index)} fontSize="heading-s">
              Task {formatNumber(task.index)}
            </Link>
          ),
          sections: [
            { id: "status", content: (task) => <TaskStatusIndicator status={task.status} /> },
            { id: "attempts", header: "Attempts", width: 50, content: (task) => formatNumber(task.attempts) },
            {
              id: "took",
              header: "Duration",
              width: 50,
              content: (task) => (task.duration === null ? "–" : formatDuration(task.duration)),
            },
            {
              id: "summary",
              header: "Result or error",
              content: (task) => <span className="mono">{summary(task)}</span>,
            },
          ],
        }}
      />
    );
  }
  return (
    <Table
      {...shared}
      trackBy="id"
      columnDefinitions={columns}
      resizableColumns
      enableKeyboardNavigation
      stickyHeader
      selectedItems={items.filter((task) => task.index === shown)}
      ariaLabels={{ tableLabel: "Tasks" }}
    />
  );
}
