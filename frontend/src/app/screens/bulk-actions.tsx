import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { getRouteApi } from "@tanstack/react-router";
import { PageLayout } from "@/app/page-layout";
import { SCREENS } from "@/app/screens";
import { RefreshControl } from "@/components/refresh-control";
import { BulkActionDetails } from "@/features/bulk-actions/bulk-action-details";
import { BulkActionsTable } from "@/features/bulk-actions/bulk-actions-table";

const route = getRouteApi(SCREENS.bulkActions.href);

export default function BulkActionsScreen() {
  const { id, total = null } = route.useSearch();
  return (
    <PageLayout breadcrumbs={[SCREENS.bulkActions]}>
      <ContentLayout
        header={
          <Header
            variant="h1"
            actions={<RefreshControl />}
            description="Actions on all jobs that match a filter, run in the background"
          >
            {SCREENS.bulkActions.text}
          </Header>
        }
      >
        <SpaceBetween size="l">
          {id && <BulkActionDetails id={id} total={total} />}
          <BulkActionsTable />
        </SpaceBetween>
      </ContentLayout>
    </PageLayout>
  );
}
