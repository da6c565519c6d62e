import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import { Shell } from "@/app/shell";
import { Settings } from "@/features/settings/settings";
import { Webhooks } from "@/features/webhooks/webhooks";

export default function SettingsScreen() {
  return (
    <Shell crumbs={[{ text: "Settings", href: "/settings" }]}>
      <ContentLayout header={<Header variant="h1">Settings</Header>}>
        <Settings more={<Webhooks />} />
      </ContentLayout>
    </Shell>
  );
}
