import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { Shell } from "@/app/shell";
import { JobsTable } from "@/features/jobs/jobs-table";
import { taskTypesQuery } from "@/features/task-types/api";
import { useApi } from "@/lib/api/context";

const route = getRouteApi("/jobs");

export default function JobsScreen() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const types = useQuery({ ...taskTypesQuery(useApi()), staleTime: 60_000 });
  return (
    <Shell crumbs={[{ text: "Jobs", href: "/jobs" }]} contentType="table">
      <JobsTable
        search={search}
        onSearch={(wanted) => void navigate({ to: "/jobs", search: wanted, replace: true })}
        types={(types.data ?? []).map((each) => each.name)}
      />
    </Shell>
  );
}
