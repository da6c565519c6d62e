/** A screen that broke, or an address that leads nowhere: the rest of the console stays usable. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import { PageLayout } from "@/app/page-layout";
import { ProblemAlert } from "@/components/problem-alert";
import { Problem } from "@/lib/api/problem";
import Alert from "@cloudscape-design/components/alert";

export function ErrorScreen({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <PageLayout crumbs={[{ text: "Jobs", href: "/jobs" }]}>
      <ContentLayout header={<Header variant="h1">This screen broke</Header>}>
        {error instanceof Problem ? (
          <ProblemAlert error={error} retry={reset} />
        ) : (
          <Alert type="error" header="A fault of the console" action={<Button onClick={reset}>Try again</Button>}>
            {error instanceof Error ? error.message : String(error)}
          </Alert>
        )}
      </ContentLayout>
    </PageLayout>
  );
}

export function NotFoundScreen() {
  return (
    <PageLayout crumbs={[{ text: "Jobs", href: "/jobs" }]}>
      <ContentLayout header={<Header variant="h1">There is no such page</Header>}>
        <Box>
          The address leads nowhere. <Button href="/jobs">Go to the jobs</Button>
        </Box>
      </ContentLayout>
    </PageLayout>
  );
}
