import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { PageLayout } from "@/app/page-layout";
import { TaskTypes } from "@/features/task-types/task-types";

const route = getRouteApi("/task-types");

export default function TaskTypesScreen() {
  const { type = "" } = route.useSearch();
  const navigate = useNavigate();
  return (
    <PageLayout crumbs={[{ text: "Task types", href: "/task-types" }]} contentType="cards">
      <TaskTypes
        sought={type}
        onSeek={(text) => void navigate({ to: "/task-types", search: text ? { type: text } : {}, replace: true })}
      />
    </PageLayout>
  );
}
