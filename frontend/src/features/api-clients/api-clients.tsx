/** Clients that sign in for themselves, and the tenant that each works for: let in, moved, shut out. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { CodeBlock } from "@/components/code-block";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { rowCounter, TokenPagination, useTokenPagination } from "@/components/token-pagination";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { useApi, usePlatform } from "@/lib/api/context";
import type { ApiClient } from "@/lib/api/types";
import { apiClientsQuery, useAddApiClient, useRevokeApiClient } from "./api";

/** As the API asks for them. */
const CLIENT = /^[A-Za-z0-9._@-]{1,128}$/;
const TENANT = /^[a-z0-9][a-z0-9_-]{0,62}$/;

export function ApiClients() {
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<ApiClient | null>(null);
  const pages = useTokenPagination("machines");
  const found = useQuery(apiClientsQuery(useApi(), pages.after));
  const items = found.data?.items ?? [];
  const next = found.data?.next_token ?? null;
  return (
    <>
      <ResponsiveTable<ApiClient>
        label="Machines"
        trackBy="client_id"
        items={items}
        loading={found.isPending}
        loadingText="Loading machines"
        wrapLines
        header={
          <Header
            variant="h2"
            counter={rowCounter(items.length, pages, next)}
            description="Clients that sign in for themselves, by client credentials. Each works for one tenant."
            actions={<Button onClick={() => setAdding(true)}>Let a machine in</Button>}
          >
            Machines
          </Header>
        }
        pagination={
          (next || pages.page > 0) && <TokenPagination pagination={pages} nextToken={next} itemsLabel="machines" />
        }
        empty={
          found.isError ? <ProblemAlert error={found.error} retry={() => void found.refetch()} /> : <NoApiClients />
        }
        columns={[
          {
            id: "client",
            header: "Client",
            isRowHeader: true,
            minWidth: 220,
            cell: (each) => <span className="mono">{each.client_id}</span>,
          },
          { id: "tenant", header: "Tenant", width: 260, cell: (each) => each.tenant },
          {
            id: "actions",
            header: "Actions",
            width: 130,
            card: "bare",
            cell: (each) => (
              <Button variant="inline-link" ariaLabel={`Shut ${each.client_id} out`} onClick={() => setLeaving(each)}>
                Shut out
              </Button>
            ),
          },
        ]}
      />
      {adding && <AddApiClientDialog known={items} onClose={() => setAdding(false)} />}
      {leaving && <RevokeAccessDialog machine={leaving} onClose={() => setLeaving(null)} />}
    </>
  );
}

function NoApiClients() {
  const { config } = usePlatform();
  return (
    <Box textAlign="center" color="inherit" padding="m">
      <SpaceBetween size="s">
        <Box variant="strong">No machine is let in. From a terminal:</Box>
        <div className="narrow">
          <CodeBlock
            label="command"
            low
            text={[
              `curl -X PUT ${config.api}/api/v1/machines/$CLIENT_ID`,
              `-H "Authorization: Bearer $SHOAL_TOKEN"`,
              `-H "Content-Type: application/json" -d '{"tenant": "acme"}'`,
            ].join(" \\\n  ")}
          />
        </div>
      </SpaceBetween>
    </Box>
  );
}

function AddApiClientDialog({ known, onClose }: { known: ApiClient[]; onClose: () => void }) {
  const letIn = useAddApiClient();
  const [typed, setTyped] = useState({ client: "", tenant: "" });
  const client = typed.client.trim();
  const tenant = typed.tenant.trim();
  const now = known.find((each) => each.client_id === client);
  return (
    <ConfirmDialog
      header="Let a machine in"
      confirmLabel="Let in"
      loading={letIn.isPending}
      canConfirm={CLIENT.test(client) && TENANT.test(tenant) && now?.tenant !== tenant}
      onDismiss={onClose}
      onConfirm={() => letIn.mutate({ client_id: client, tenant }, { onSuccess: onClose })}
    >
      <SpaceBetween size="m">
        <FormField
          label="Client"
          constraintText="The id of an app client that signs in by client credentials"
          errorText={client && !CLIENT.test(client) && "Letters, digits and . _ @ - alone, at most 128."}
        >
          <Input value={typed.client} onChange={({ detail }) => setTyped({ ...typed, client: detail.value })} />
        </FormField>
        <FormField
          label="Tenant"
          constraintText="Made by its first job, if there is none of that name"
          errorText={tenant && !TENANT.test(tenant) && "a–z, 0–9, - and _ alone, a letter or digit first, at most 63."}
        >
          <Input value={typed.tenant} onChange={({ detail }) => setTyped({ ...typed, tenant: detail.value })} />
        </FormField>
        <div aria-live="polite">
          {now
            ? `It works for ${now.tenant} now, and will for no other than the one above.`
            : "It sees and steers the jobs of this tenant, and of no other, as far as its scopes go."}
        </div>
        {letIn.error && <ProblemAlert error={letIn.error} />}
      </SpaceBetween>
    </ConfirmDialog>
  );
}

function RevokeAccessDialog({ machine, onClose }: { machine: ApiClient; onClose: () => void }) {
  const shutOut = useRevokeApiClient();
  return (
    <ConfirmDialog
      header="Shut the machine out?"
      confirmLabel="Shut out"
      loading={shutOut.isPending}
      onDismiss={onClose}
      onConfirm={() => shutOut.mutate(machine, { onSettled: onClose })}
    >
      From its next request on {machine.client_id} is refused, also with a token that it has already. Jobs that it
      submitted stay {machine.tenant}’s and go on.
    </ConfirmDialog>
  );
}
