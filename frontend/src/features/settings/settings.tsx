/** What a user likes, who they are, and how much their tenant may. */

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Button from "@cloudscape-design/components/button";
import type { ReactNode } from "react";
import { Choice } from "@/components/choice";
import { Code } from "@/components/code";
import { Time } from "@/components/time";
import { usePlatform } from "@/lib/api/context";
import { session, useWho } from "@/lib/auth/session";
import { userZone } from "@/lib/format";
import { tell } from "@/lib/notices";
import { useStore } from "@/lib/store";
import { theme, useTheme, useZone, zone } from "@/lib/preferences";
import { Limits } from "./limits";
import { Machines } from "./machines";

/** `more` is what other features have to set. */
export function Settings({ more }: { more?: ReactNode }) {
  const who = useWho();
  return (
    <SpaceBetween size="l">
      <Looks />
      <Session />
      {who?.admin && who.tenant ? <Limits tenant={who.tenant} /> : <NoLimits />}
      {who?.admin && <Machines />}
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
        <Choice
          label="Theme"
          chosen={painted}
          words={{ system: "As the system", light: "Light", dark: "Dark" }}
          onChoose={(chosen) => theme.set(chosen)}
        />
        <Choice
          label="Times"
          description="The other one is shown where the pointer rests on a time."
          chosen={told}
          words={{ local: `Here (${userZone()})`, utc: "UTC" }}
          onChoose={(chosen) => zone.set(chosen)}
        />
      </SpaceBetween>
    </Container>
  );
}

function Session() {
  const who = useWho();
  const kept = useStore(session);
  const until = kept && new Date(kept.expires).toISOString();
  const { auth, config } = usePlatform();

  async function copy(): Promise<void> {
    const token = await auth.token();
    if (token) await navigator.clipboard.writeText(token);
    tell({
      type: "success",
      header: "The token is copied",
      content: "It is yours: whoever has it may do what you may.",
    });
  }

  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Button iconName="copy" onClick={() => void copy()}>
              Copy access token
            </Button>
          }
        >
          You
        </Header>
      }
    >
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={3}
          items={[
            { label: "User", value: who?.name ?? "–" },
            { label: "Tenant", value: who?.tenant || "None" },
            { label: "Administrator", value: who?.admin ? "Yes" : "No" },
            { label: "Scopes", value: who?.scopes.join(", ") || "–" },
            { label: "Access token valid until", value: <Time at={until} /> },
          ]}
        />
        <FormField label="The same from a terminal" stretch>
          <Code
            text={`export SHOAL_TOKEN=…\ncurl -H "Authorization: Bearer $SHOAL_TOKEN" ${config.api}/api/v1/jobs`}
            label="command"
            low
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

const NoLimits = () => (
  <Container header={<Header variant="h2">Limits</Header>}>
    <Box color="text-body-secondary">
      Administrators see the limits of a tenant, and let machines in. A refusal for a limit names it.
    </Box>
  </Container>
);
