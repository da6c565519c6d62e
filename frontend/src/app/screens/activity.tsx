import { PageLayout } from "@/app/page-layout";
import { ActivityTable } from "@/features/activity/activity-table";

export default function ActivityScreen() {
  return (
    <PageLayout crumbs={[{ text: "Activity", href: "/activity" }]} contentType="table">
      <ActivityTable page />
    </PageLayout>
  );
}
