import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { PageLayout } from "@/app/page-layout";
import { SCREENS } from "@/app/screens";
import { ProblemAlert } from "@/components/problem-alert";
import { NewJobForm } from "@/features/new-job/new-job-form";
import { useTaskTypes } from "@/features/task-types/api";
import { pluralize } from "@/lib/format";
import { jobTitle } from "@/lib/job";
import { notify } from "@/lib/notifications";

const route = getRouteApi(SCREENS.newJob.href);

export default function NewJobScreen() {
  const { type = null } = route.useSearch();
  const navigate = useNavigate();
  const taskTypes = useTaskTypes();
  return (
    <PageLayout contentType="form" breadcrumbs={[SCREENS.jobs, SCREENS.newJob]}>
      <ContentLayout header={<Header variant="h1">{SCREENS.newJob.text}</Header>}>
        {taskTypes.isError ? (
          <ProblemAlert error={taskTypes.error} retry={() => void taskTypes.refetch()} />
        ) : (
          <NewJobForm
            types={taskTypes.data ?? []}
            selected={type}
            onSelect={(selected) =>
              void navigate({ to: SCREENS.newJob.href, search: { type: selected }, replace: true })
            }
            onSubmitted={(job) => {
              notify({
                type: "success",
                header: `Submitted ${jobTitle(job)}`,
                content: job.task_count === null ? "Its tasks are being planned." : pluralize(job.task_count, "task"),
              });
              void navigate({ to: SCREENS.job.href, params: { jobId: job.id } });
            }}
          />
        )}
      </ContentLayout>
    </PageLayout>
  );
}
