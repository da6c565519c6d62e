/** What a user likes, who they are, and how much their tenant may. */

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Button from "@cloudscape-design/components/button";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Code } from "@/components/code";
import { ProblemAlert } from "@/components/problem-alert";
import { type Api, body } from "@/lib/api/client";
import { useApi, usePlatform } from "@/lib/api/context";
import type { Tenant } from "@/lib/api/types";
import { useWho } from "@/lib/auth/session";
import { number, plural, userZone } from "@/lib/format";
import { tell } from "@/lib/notices";
import { type Theme, theme, useTheme, useZone, type Zone, zone } from "@/lib/preferences";

const limitsQuery = (api: Api, tenant: string) =>
  queryOptions({
    queryKey: ["limits", tenant],
    queryFn: ({ signal }) =>
      body(api.GET("/api/v1/tenants/{tenant}/limits", { signal, params: { path: { tenant } } })),
  });

export function Settings() {
  const who = useWho();
  return (
    <SpaceBetween size="l">
      <Looks />
      <Session />
      {who?.admin && who.tenant ? <Limits tenant={who.tenant} /> : <NoLimits />}
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

function Limits({ tenant }: { tenant: string }) {
  const found = useQuery(limitsQuery(useApi(), tenant));
  return (
    <Container header={<Header variant="h2" description={`What tenant ${tenant} may, and has.`}>Limits</Header>}>
      {found.data ? <Figures tenant={found.data} /> : found.isError ? <ProblemAlert error={found.error} /> : "Loading"}
    </Container>
  );
}

const share = (part: number, all: number): number => (all ? Math.min(100, (100 * part) / all) : 100);

function Figures({ tenant: { limits, usage } }: { tenant: Tenant }) {
  return (
    <SpaceBetween size="l">
      <ProgressBar
        label="Open jobs"
        value={share(usage.open_jobs, limits.open_jobs)}
        additionalInfo={`${number(usage.open_jobs)} of ${number(limits.open_jobs)}`}
      />
      <ProgressBar
        label="Tasks of open jobs"
        value={share(usage.queued_tasks, limits.queued_tasks)}
        additionalInfo={`${number(usage.queued_tasks)} of ${number(limits.queued_tasks)}`}
      />
      <KeyValuePairs
        columns={3}
        items={[
          { label: "Submits", value: `${number(limits.submit_rate)} a second` },
          { label: "Submits at once", value: number(limits.submit_burst) },
          { label: "Jobs are kept", value: plural(limits.retention_days, "day") },
        ]}
      />
    </SpaceBetween>
  );
}

const NoLimits = () => (
  <Container header={<Header variant="h2">Limits</Header>}>
    <Box color="text-body-secondary">Administrators see the limits of a tenant. A refusal for a limit names it.</Box>
  </Container>
);
