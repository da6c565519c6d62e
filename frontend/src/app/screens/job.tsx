import Box from "@cloudscape-design/components/box";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Tabs from "@cloudscape-design/components/tabs";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { PageLayout } from "@/app/page-layout";
import { SCREENS } from "@/app/screens";
import { CopyableText } from "@/components/copyable-text";
import { ProblemAlert } from "@/components/problem-alert";
import { JobStatusIndicator } from "@/components/status-indicators";
import { ActivityTable } from "@/features/activity/activity-table";
import { FailuresTable } from "@/features/failures/failures-table";
import { useJob } from "@/features/jobs/api";
import { DiscardDialog } from "@/features/jobs/discard-dialog";
import { JobActions } from "@/features/jobs/job-actions";
import { JobDetails } from "@/features/jobs/job-details";
import { JobProgress } from "@/features/jobs/job-progress";
import { JobSpecification } from "@/features/jobs/job-specification";
import { useLiveJob } from "@/features/jobs/live-updates";
import { RetryDialog } from "@/features/jobs/retry-dialog";
import { Results } from "@/features/results/results";
import { TaskMap } from "@/features/task-map/task-map";
import { TaskPanel } from "@/features/tasks/task-panel";
import { parseStatuses, TasksTable } from "@/features/tasks/tasks-table";
import { Problem } from "@/lib/api/problem";
import type { Job } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";
import { isOpenJob, jobHref, jobTitle } from "@/lib/job";

const TaskMetrics = lazy(() => import("@/features/task-metrics/task-metrics"));

const route = getRouteApi(SCREENS.job.href);

export default function JobScreen() {
  const { jobId } = route.useParams();
  const { task: selected } = route.useSearch();
  const taskHref = useTaskHref(jobId);
  const changeSearch = useChangeSearch(jobId);
  useLiveJob(jobId);
  const { data: job, error, refetch } = useJob(jobId);
  return (
    <PageLayout
      breadcrumbs={[SCREENS.jobs, { text: job ? jobTitle(job) : jobId, href: jobHref(jobId) }]}
      {...(selected === undefined
        ? {}
        : {
            panel: (
              <TaskPanel
                job={job ?? null}
                jobId={jobId}
                index={selected}
                total={job?.task_count ?? null}
                taskHref={taskHref}
              />
            ),
            onPanelClose: () => changeSearch(({ task: _task, ...rest }) => rest),
          })}
    >
      {job ? <JobView job={job} taskHref={taskHref} /> : <JobUnavailable error={error} retry={() => void refetch()} />}
    </PageLayout>
  );
}

interface JobSearch {
  tab?: string;
  tasks?: string;
  task?: number;
}

/** The address of a task's panel. The other search parameters keep their values. */
function useTaskHref(jobId: string): (index: number) => string {
  const { task: _, ...search } = route.useSearch();
  return (index) => `${jobHref(jobId)}?${new URLSearchParams({ ...search, task: String(index) })}`;
}

function useChangeSearch(jobId: string): (change: (search: JobSearch) => JobSearch) => void {
  const navigate = useNavigate();
  return (change) => void navigate({ to: SCREENS.job.href, params: { jobId }, search: change, replace: true });
}

function JobUnavailable({ error, retry }: { error: unknown; retry: () => void }) {
  if (!error) {
    return (
      <Box padding="xxl" textAlign="center">
        <StatusIndicator type="loading">Loading job</StatusIndicator>
      </Box>
    );
  }
  const notFound = error instanceof Problem && error.status === 404;
  return (
    <ContentLayout header={<Header variant="h1">{SCREENS.job.text}</Header>}>
      <ProblemAlert error={error} {...(notFound ? {} : { retry })} />
    </ContentLayout>
  );
}

function JobView({ job, taskHref }: { job: Job; taskHref: (index: number) => string }) {
  const search = route.useSearch();
  const selected = search.task ?? null;
  const changeSearch = useChangeSearch(job.id);
  const active = isOpenJob(job);
  const { failed } = job.counts;
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          actions={<JobActions job={job} />}
          description={
            <SpaceBetween direction="horizontal" size="s">
              <JobStatusIndicator job={job} />
              <CopyableText text={job.id} label="job ID" />
            </SpaceBetween>
          }
        >
          {jobTitle(job)}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <JobProgress job={job} />
        <TaskMap
          job={job}
          selected={selected}
          onOpen={(index) => changeSearch((current) => ({ ...current, task: index }))}
        />
        <JobDetails job={job} />
        <Tabs
          activeTabId={search.tab ?? "tasks"}
          ariaLabel="Job details"
          onChange={({ detail }) => changeSearch((current) => ({ ...current, tab: detail.activeTabId }))}
          tabs={[
            {
              id: "tasks",
              label: "Tasks",
              content: (
                <TasksTable
                  jobId={job.id}
                  active={active}
                  statuses={parseStatuses(search.tasks)}
                  onStatuses={(statuses) =>
                    changeSearch(({ tasks: _tasks, ...rest }) => ({
                      ...rest,
                      tab: "tasks",
                      ...(statuses.length ? { tasks: statuses.join() } : {}),
                    }))
                  }
                  taskHref={taskHref}
                  selected={selected}
                />
              ),
            },
            {
              id: "failures",
              label: failed ? `Failures by cause (${formatNumber(failed)})` : "Failures by cause",
              content: (
                <FailuresTable
                  job={job}
                  active={active}
                  taskHref={taskHref}
                  renderRetryDialog={(selection) => <RetryDialog job={job} {...selection} />}
                  renderDiscardDialog={(selection) => <DiscardDialog job={job} {...selection} />}
                />
              ),
            },
            {
              id: "durations",
              label: "Throughput and durations",
              content: (
                <Suspense fallback={<StatusIndicator type="loading">Loading</StatusIndicator>}>
                  <TaskMetrics job={job} active={active} />
                </Suspense>
              ),
            },
            { id: "results", label: "Results", content: <Results job={job} taskHref={taskHref} /> },
            { id: "events", label: "Activity", content: <ActivityTable job={job} /> },
            { id: "spec", label: "Specification", content: <JobSpecification job={job} /> },
          ]}
        />
      </SpaceBetween>
    </ContentLayout>
  );
}
