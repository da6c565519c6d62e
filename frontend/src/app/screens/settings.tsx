import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { PageLayout } from "@/app/page-layout";
import { SCREENS } from "@/app/screens";
import { ApiClients } from "@/features/api-clients/api-clients";
import { Limits, LimitsUnavailable } from "@/features/limits/limits";
import { Appearance } from "@/features/settings/appearance";
import { SessionDetails } from "@/features/settings/session-details";
import { Webhooks } from "@/features/webhooks/webhooks";
import { useUser } from "@/lib/auth/session";

export default function SettingsScreen() {
  const user = useUser();
  return (
    <PageLayout breadcrumbs={[SCREENS.settings]}>
      <ContentLayout header={<Header variant="h1">{SCREENS.settings.text}</Header>}>
        <SpaceBetween size="l">
          <Appearance />
          <SessionDetails />
          {user?.admin && user.tenant ? <Limits tenant={user.tenant} /> : <LimitsUnavailable />}
          {user?.admin && <ApiClients />}
          <Webhooks />
        </SpaceBetween>
      </ContentLayout>
    </PageLayout>
  );
}
