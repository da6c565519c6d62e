import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { PageLayout } from "@/app/page-layout";
import { ProblemAlert } from "@/components/problem-alert";
import { NewJobForm } from "@/features/new-job/new-job-form";
import { taskTypesQuery } from "@/features/task-types/api";
import { useApi } from "@/lib/api/context";
import { pluralize } from "@/lib/format";
import { notify } from "@/lib/notifications";

const route = getRouteApi("/jobs/new");

export default function NewJobScreen() {
  const { type = null } = route.useSearch();
  const navigate = useNavigate();
  const found = useQuery(taskTypesQuery(useApi()));
  return (
    <PageLayout
      contentType="form"
      crumbs={[
        { text: "Jobs", href: "/jobs" },
        { text: "New job", href: "/jobs/new" },
      ]}
    >
      <ContentLayout header={<Header variant="h1">New job</Header>}>
        {found.isError ? (
          <ProblemAlert error={found.error} retry={() => void found.refetch()} />
        ) : (
          <NewJobForm
            types={found.data ?? []}
            selected={type}
            onSelect={(chosen) => void navigate({ to: "/jobs/new", search: { type: chosen }, replace: true })}
            onSubmitted={(job) => {
              const tasks =
                job.task_count === null ? "Its tasks are being counted." : pluralize(job.task_count, "task");
              notify({ type: "success", header: `${job.name || job.id} is submitted`, content: tasks });
              void navigate({ to: "/jobs/$jobId", params: { jobId: job.id } });
            }}
          />
        )}
      </ContentLayout>
    </PageLayout>
  );
}
