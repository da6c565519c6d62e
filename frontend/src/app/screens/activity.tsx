import { PageLayout } from "@/app/page-layout";
import { SCREENS } from "@/app/screens";
import { ActivityTable } from "@/features/activity/activity-table";

export default function ActivityScreen() {
  return (
    <PageLayout breadcrumbs={[SCREENS.activity]} contentType="table">
      <ActivityTable fullPage />
    </PageLayout>
  );
}
