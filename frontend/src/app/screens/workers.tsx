import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import { Shell } from "@/app/shell";
import { WorkersAndQueues } from "@/features/workers/workers";

export default function WorkersScreen() {
  return (
    <Shell crumbs={[{ text: "Workers and queues", href: "/workers" }]}>
      <ContentLayout
        header={
          <Header variant="h1" description="Who works, and what waits for them.">
            Workers and queues
          </Header>
        }
      >
        <WorkersAndQueues />
      </ContentLayout>
    </Shell>
  );
}
