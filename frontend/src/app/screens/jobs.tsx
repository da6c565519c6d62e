import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { PageLayout } from "@/app/page-layout";
import { BulkActionMenu } from "@/features/bulk-actions/bulk-action-menu";
import { toBulkFilter, type JobsSearch } from "@/features/jobs/filters";
import { JobsTable } from "@/features/jobs/jobs-table";
import { SavedViews } from "@/features/jobs/saved-views";
import { taskTypesQuery } from "@/features/task-types/api";
import { useApi } from "@/lib/api/context";

const route = getRouteApi("/jobs");

export default function JobsScreen() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const types = useQuery({ ...taskTypesQuery(useApi()), staleTime: 60_000 });
  const onSearch = (wanted: JobsSearch): void => void navigate({ to: "/jobs", search: wanted, replace: true });
  return (
    <PageLayout crumbs={[{ text: "Jobs", href: "/jobs" }]} contentType="table">
      <JobsTable
        search={search}
        onSearch={onSearch}
        bulkActions={
          <BulkActionMenu
            filterAt={(now) => toBulkFilter(search, now)}
            onStarted={({ id }, total) => void navigate({ to: "/bulk-actions", search: { id, total } })}
            onHistory={() => void navigate({ to: "/bulk-actions" })}
          />
        }
        savedViews={<SavedViews search={search} onSearch={onSearch} />}
        taskTypes={(types.data ?? []).map((each) => each.name)}
      />
    </PageLayout>
  );
}
