import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Shell } from "@/app/shell";
import { TaskTypes } from "@/features/task-types/task-types";

const route = getRouteApi("/task-types");

export default function TaskTypesScreen() {
  const { type = "" } = route.useSearch();
  const navigate = useNavigate();
  return (
    <Shell crumbs={[{ text: "Task types", href: "/task-types" }]} contentType="cards">
      <TaskTypes
        sought={type}
        onSeek={(text) => void navigate({ to: "/task-types", search: text ? { type: text } : {}, replace: true })}
      />
    </Shell>
  );
}
