import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { PageLayout } from "@/app/page-layout";
import { SCREENS } from "@/app/screens";
import { TaskTypes } from "@/features/task-types/task-types";

const route = getRouteApi(SCREENS.taskTypes.href);

export default function TaskTypesScreen() {
  const { type = "" } = route.useSearch();
  const navigate = useNavigate();
  return (
    <PageLayout breadcrumbs={[SCREENS.taskTypes]} contentType="cards">
      <TaskTypes
        search={type}
        onSearch={(text) =>
          void navigate({ to: SCREENS.taskTypes.href, search: text ? { type: text } : {}, replace: true })
        }
      />
    </PageLayout>
  );
}
