import ContentLayout from "@cloudscape-design/components/content-layout";
import { getRouteApi } from "@tanstack/react-router";
import { PageLayout } from "@/app/page-layout";
import { BulkActions, BulkActionsHeader } from "@/features/bulk-actions/bulk-actions";

const route = getRouteApi("/bulk-actions");

export default function BulkActionsScreen() {
  const { id, total } = route.useSearch();
  return (
    <PageLayout crumbs={[{ text: "Bulk actions", href: "/bulk-actions" }]}>
      <ContentLayout header={<BulkActionsHeader />}>
        <BulkActions shown={id ?? null} total={total ?? null} />
      </ContentLayout>
    </PageLayout>
  );
}
