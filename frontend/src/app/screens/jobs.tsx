import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { Shell } from "@/app/shell";
import { MatchMenu } from "@/features/bulk-actions/match-menu";
import { bulkFilterOf, type JobsSearch } from "@/features/jobs/filters";
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
    <Shell crumbs={[{ text: "Jobs", href: "/jobs" }]} contentType="table">
      <JobsTable
        search={search}
        onSearch={onSearch}
        matching={
          <MatchMenu
            filterAt={(now) => bulkFilterOf(search, now)}
            onBegun={({ id }, total) => void navigate({ to: "/bulk-actions", search: { id, total } })}
            onPast={() => void navigate({ to: "/bulk-actions" })}
          />
        }
        views={<SavedViews search={search} onSearch={onSearch} />}
        types={(types.data ?? []).map((each) => each.name)}
      />
    </Shell>
  );
}
