/** The screens for an error and for an unknown address. The navigation stays usable. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { PageLayout } from "@/app/page-layout";
import { SCREENS } from "@/app/screens";
import { ProblemAlert } from "@/components/problem-alert";
import { Problem } from "@/lib/api/problem";

export function ErrorScreen({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <PageLayout breadcrumbs={[SCREENS.jobs]}>
      <ContentLayout header={<Header variant="h1">Page failed to load</Header>}>
        {error instanceof Problem ? (
          <ProblemAlert error={error} retry={reset} />
        ) : (
          <Alert type="error" header="Unexpected error" action={<Button onClick={reset}>Try again</Button>}>
            {error instanceof Error ? error.message : String(error)}
          </Alert>
        )}
      </ContentLayout>
    </PageLayout>
  );
}

export function NotFoundScreen() {
  return (
    <PageLayout breadcrumbs={[SCREENS.jobs]}>
      <ContentLayout header={<Header variant="h1">Page not found</Header>}>
        <SpaceBetween size="s">
          <Box>No page exists at this address.</Box>
          <Button href="/jobs">Go to jobs</Button>
        </SpaceBetween>
      </ContentLayout>
    </PageLayout>
  );
}
