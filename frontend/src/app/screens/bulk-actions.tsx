import ContentLayout from "@cloudscape-design/components/content-layout";
import { getRouteApi } from "@tanstack/react-router";
import { Shell } from "@/app/shell";
import { BulkActions, BulkActionsHeader } from "@/features/bulk-actions/bulk-actions";

const route = getRouteApi("/bulk-actions");

export default function BulkActionsScreen() {
  const { id, total } = route.useSearch();
  return (
    <Shell crumbs={[{ text: "Bulk actions", href: "/bulk-actions" }]}>
      <ContentLayout header={<BulkActionsHeader />}>
        <BulkActions shown={id ?? null} total={total ?? null} />
      </ContentLayout>
    </Shell>
  );
}
