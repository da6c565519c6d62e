import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { PageLayout } from "@/app/page-layout";
import { SCREENS } from "@/app/screens";
import { Queues } from "@/features/workers/queues";
import { Workers } from "@/features/workers/workers";

export default function WorkersScreen() {
  return (
    <PageLayout breadcrumbs={[SCREENS.workers]}>
      <ContentLayout
        header={
          <Header variant="h1" description="Workers, and the work waiting for them">
            {SCREENS.workers.text}
          </Header>
        }
      >
        <SpaceBetween size="l">
          <Queues />
          <Workers />
        </SpaceBetween>
      </ContentLayout>
    </PageLayout>
  );
}
