import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import { PageLayout } from "@/app/page-layout";
import { WorkersAndQueues } from "@/features/workers/workers";

export default function WorkersScreen() {
  return (
    <PageLayout crumbs={[{ text: "Workers and queues", href: "/workers" }]}>
      <ContentLayout
        header={
          <Header variant="h1" description="Who works, and what waits for them.">
            Workers and queues
          </Header>
        }
      >
        <WorkersAndQueues />
      </ContentLayout>
    </PageLayout>
  );
}
