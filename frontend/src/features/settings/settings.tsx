/** What a user likes, who they are, and how much their tenant may. */

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Button from "@cloudscape-design/components/button";
import type { ReactNode } from "react";
import { Code } from "@/components/code";
import { usePlatform } from "@/lib/api/context";
import { useWho } from "@/lib/auth/session";
import { userZone } from "@/lib/format";
import { tell } from "@/lib/notices";
import { type Theme, theme, useTheme, useZone, type Zone, zone } from "@/lib/preferences";
import { Limits } from "./limits";

/** `more` is what other features have to set. */
export function Settings({ more }: { more?: ReactNode }) {
  const who = useWho();
  return (
    <SpaceBetween size="l">
      <Looks />
      <Session />
      {who?.admin && who.tenant ? <Limits tenant={who.tenant} /> : <NoLimits />}
      {more}
    </SpaceBetween>
  );
}

function Looks() {
  const painted = useTheme();
  const told = useZone();
  return (
    <Container header={<Header variant="h2">Appearance</Header>}>
      <SpaceBetween size="l">
        <FormField label="Theme">
          <SegmentedControl
            label="Theme"
            selectedId={painted}
            options={[
              { id: "system", text: "As the system" },
              { id: "light", text: "Light" },
              { id: "dark", text: "Dark" },
            ]}
            onChange={({ detail }) => theme.set(detail.selectedId as Theme)}
          />
        </FormField>
        <FormField label="Times" description="The other one is shown where the pointer rests on a time.">
          <SegmentedControl
            label="Times"
            selectedId={told}
            options={[
              { id: "local", text: userZone() },
              { id: "utc", text: "UTC" },
            ]}
            onChange={({ detail }) => zone.set(detail.selectedId as Zone)}
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

function Session() {
  const who = useWho();
  const { auth, config } = usePlatform();

  async function copy(): Promise<void> {
    const token = await auth.token();
    if (token) await navigator.clipboard.writeText(token);
    tell({ type: "success", header: "The token is copied", content: "It is yours: whoever has it may do what you may." });
  }

  return (
    <Container
      header={
        <Header variant="h2" actions={<Button iconName="copy" onClick={() => void copy()}>Copy access token</Button>}>
          You
        </Header>
      }
    >
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={4}
          items={[
            { label: "User", value: who?.name ?? "–" },
            { label: "Tenant", value: who?.tenant || "None" },
            { label: "Administrator", value: who?.admin ? "Yes" : "No" },
            { label: "Scopes", value: who?.scopes.join(", ") || "–" },
          ]}
        />
        <FormField label="The same from a terminal" stretch>
          <Code text={`export SHOAL_TOKEN=…\ncurl -H "Authorization: Bearer $SHOAL_TOKEN" ${config.api}/api/v1/jobs`} label="command" low />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

const NoLimits = () => (
  <Container header={<Header variant="h2">Limits</Header>}>
    <Box color="text-body-secondary">Administrators see the limits of a tenant. A refusal for a limit names it.</Box>
  </Container>
);
