import Box from "@cloudscape-design/components/box";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Tabs from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { PageLayout } from "@/app/page-layout";
import { CopyableText } from "@/components/copyable-text";
import { ProblemAlert } from "@/components/problem-alert";
import { isActive, JobStatusIndicator } from "@/components/status-indicators";
import { ActivityTable } from "@/features/activity/activity-table";
import { FailuresTable } from "@/features/failures/failures-table";
import { jobQuery, jobTitle } from "@/features/jobs/api";
import { DiscardDialog } from "@/features/jobs/discard-dialog";
import { JobDetails, JobProgress } from "@/features/jobs/job-details";
import { JobActions } from "@/features/jobs/job-actions";
import { useLiveJob } from "@/features/jobs/live-updates";
import { RetryDialog } from "@/features/jobs/retry-dialog";
import { JobSpecification } from "@/features/jobs/job-specification";
import { Results } from "@/features/results/results";
import { TaskMap } from "@/features/task-map/task-map";
import { taskIdOf } from "@/features/tasks/api";
import { TaskPanel } from "@/features/tasks/task-panel";
import { parseStatuses, TasksTable } from "@/features/tasks/tasks-table";
import { useApi } from "@/lib/api/context";
import { Problem } from "@/lib/api/problem";
import type { Job } from "@/lib/api/types";
import { formatNumber } from "@/lib/format";
import { useRefetchInterval } from "@/lib/query";

const Durations = lazy(() => import("@/features/task-metrics/task-metrics"));

const route = getRouteApi("/jobs/$jobId");

export default function JobScreen() {
  const { jobId } = route.useParams();
  const { task } = route.useSearch();
  const navigate = useNavigate();
  const hrefs = useTaskHref(jobId);
  useLiveJob(jobId);
  const found = useQuery({ ...jobQuery(useApi(), jobId), refetchInterval: useRefetchInterval(true) });
  const job = found.data;
  return (
    <PageLayout
      crumbs={[
        { text: "Jobs", href: "/jobs" },
        { text: job ? jobTitle(job) : jobId, href: `/jobs/${jobId}` },
      ]}
      {...(task === undefined
        ? {}
        : {
            panel: (
              <TaskPanel
                job={job ?? null}
                id={taskIdOf(jobId, task)}
                index={task}
                total={job?.task_count ?? null}
                taskHref={hrefs}
              />
            ),
            onPanelClose: () =>
              void navigate({
                to: "/jobs/$jobId",
                params: { jobId },
                search: ({ task: _task, ...rest }) => rest,
                replace: true,
              }),
          })}
    >
      {job ? (
        <JobView job={job} taskHref={hrefs} />
      ) : (
        <Missing error={found.error} retry={() => void found.refetch()} />
      )}
    </PageLayout>
  );
}

/** Where a task is shown, with the rest of the screen as it is. */
function useTaskHref(jobId: string): (index: number) => string {
  const { task: _, ...search } = route.useSearch();
  return (index) => {
    const query = new URLSearchParams({ ...search, task: String(index) });
    return `/jobs/${jobId}?${query}`;
  };
}

function Missing({ error, retry }: { error: unknown; retry: () => void }) {
  if (!error) {
    return (
      <Box padding="xxl" textAlign="center">
        <StatusIndicator type="loading">Loading the job</StatusIndicator>
      </Box>
    );
  }
  return (
    <ContentLayout header={<Header variant="h1">Job</Header>}>
      <ProblemAlert error={error} {...(error instanceof Problem && error.status === 404 ? {} : { retry })} />
    </ContentLayout>
  );
}

function JobView({ job, taskHref }: { job: Job; taskHref: (index: number) => string }) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const moving = isActive(job);
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
              <CopyableText text={job.id} what="job id" />
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
          shown={search.task ?? null}
          onOpen={(index) =>
            void navigate({
              to: "/jobs/$jobId",
              params: { jobId: job.id },
              search: (before) => ({ ...before, task: index }),
              replace: true,
            })
          }
        />
        <JobDetails job={job} />
        <Tabs
          activeTabId={search.tab ?? "tasks"}
          ariaLabel="Details of the job"
          onChange={({ detail }) =>
            void navigate({
              to: "/jobs/$jobId",
              params: { jobId: job.id },
              search: (before) => ({ ...before, tab: detail.activeTabId }),
              replace: true,
            })
          }
          tabs={[
            {
              id: "tasks",
              label: "Tasks",
              content: (
                <TasksTable
                  job={job.id}
                  active={moving}
                  statuses={parseStatuses(search.tasks)}
                  onStatuses={(statuses) =>
                    void navigate({
                      to: "/jobs/$jobId",
                      params: { jobId: job.id },
                      search: ({ tasks: _tasks, ...rest }) => ({
                        ...rest,
                        tab: "tasks",
                        ...(statuses.length ? { tasks: statuses.join() } : {}),
                      }),
                      replace: true,
                    })
                  }
                  taskHref={taskHref}
                  shown={search.task ?? null}
                />
              ),
            },
            {
              id: "failures",
              label: failed ? `Failures by cause (${formatNumber(failed)})` : "Failures by cause",
              content: (
                <FailuresTable
                  job={job}
                  active={moving}
                  taskHref={taskHref}
                  renderRetry={(asked) => <RetryDialog job={job} {...asked} />}
                  renderDiscard={(asked) => <DiscardDialog job={job} {...asked} />}
                />
              ),
            },
            {
              id: "durations",
              label: "Throughput and durations",
              content: (
                <Suspense fallback={<StatusIndicator type="loading">Loading</StatusIndicator>}>
                  <Durations job={job} moving={moving} />
                </Suspense>
              ),
            },
            { id: "results", label: "Results", content: <Results job={job} taskHref={taskHref} /> },
            { id: "events", label: "Events", content: <ActivityTable job={job} /> },
            { id: "spec", label: "Specification", content: <JobSpecification job={job} /> },
          ]}
        />
      </SpaceBetween>
    </ContentLayout>
  );
}
