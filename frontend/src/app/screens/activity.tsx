import { Shell } from "@/app/shell";
import { Events } from "@/features/audit/events";

export default function ActivityScreen() {
  return (
    <Shell crumbs={[{ text: "Activity", href: "/activity" }]} contentType="table">
      <Events page />
    </Shell>
  );
}
