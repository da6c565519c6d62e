import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { PageLayout } from "@/app/page-layout";
import { SCREENS } from "@/app/screens";
import { BulkActionMenu } from "@/features/bulk-actions/bulk-action-menu";
import { type JobsSearch, toBulkFilter } from "@/features/jobs/filters";
import { JobsTable } from "@/features/jobs/jobs-table";
import { SavedViews } from "@/features/jobs/saved-views";
import { useTaskTypeNames } from "@/features/task-types/api";

const route = getRouteApi(SCREENS.jobs.href);

export default function JobsScreen() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const onSearch = (changed: JobsSearch): void =>
    void navigate({ to: SCREENS.jobs.href, search: changed, replace: true });
  return (
    <PageLayout breadcrumbs={[SCREENS.jobs]} contentType="table">
      <JobsTable
        search={search}
        onSearch={onSearch}
        bulkActions={
          <BulkActionMenu
            filterAt={(now) => toBulkFilter(search, now)}
            onStarted={({ id }, total) => void navigate({ to: SCREENS.bulkActions.href, search: { id, total } })}
            onHistory={() => void navigate({ to: SCREENS.bulkActions.href })}
          />
        }
        savedViews={<SavedViews search={search} onSearch={onSearch} />}
        taskTypes={useTaskTypeNames()}
      />
    </PageLayout>
  );
}
