/** API clients: programs that sign in with client credentials, each for one tenant. For administrators. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { CodeBlock } from "@/components/code-block";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { rowCounter, TokenPagination, useTokenPagination } from "@/components/token-pagination";
import { usePlatform } from "@/lib/api/context";
import type { ApiClient } from "@/lib/api/types";
import { useAddApiClient, useApiClients, useRevokeApiClient } from "./api";

/** The patterns of the API. */
const CLIENT_ID = /^[A-Za-z0-9._@-]{1,128}$/;
const TENANT = /^[a-z0-9][a-z0-9_-]{0,62}$/;

export function ApiClients() {
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<ApiClient | null>(null);
  const pagination = useTokenPagination();
  const { data, error, isError, isPending, refetch } = useApiClients(pagination.token);
  const clients = data?.items ?? [];
  const nextToken = data?.next_token ?? null;
  return (
    <>
      <ResponsiveTable<ApiClient>
        label="API clients"
        trackBy="client_id"
        items={clients}
        loading={isPending}
        loadingText="Loading API clients"
        wrapLines
        header={
          <Header
            variant="h2"
            counter={rowCounter(clients.length, pagination, nextToken)}
            description="Programs that sign in with client credentials. Each client has access to one tenant."
            actions={<Button onClick={() => setAdding(true)}>Add API client</Button>}
          >
            API clients
          </Header>
        }
        pagination={
          (nextToken || pagination.page > 0) && (
            <TokenPagination pagination={pagination} nextToken={nextToken} itemsLabel="API clients" />
          )
        }
        empty={isError ? <ProblemAlert error={error} retry={() => void refetch()} /> : <NoApiClients />}
        columns={[
          {
            id: "client",
            header: "Client ID",
            isRowHeader: true,
            minWidth: 220,
            cell: (client) => <span className="mono">{client.client_id}</span>,
          },
          { id: "tenant", header: "Tenant", width: 260, cell: (client) => client.tenant },
          {
            id: "actions",
            header: "Actions",
            width: 150,
            card: "unlabelled",
            cell: (client) => (
              <Button
                variant="inline-link"
                ariaLabel={`Revoke access of ${client.client_id}`}
                onClick={() => setRevoking(client)}
              >
                Revoke access
              </Button>
            ),
          },
        ]}
      />
      {adding && <AddApiClientDialog clients={clients} onClose={() => setAdding(false)} />}
      {revoking && <RevokeAccessDialog client={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function NoApiClients() {
  const { config } = usePlatform();
  return (
    <Box textAlign="center" color="inherit" padding="m">
      <SpaceBetween size="s">
        <Box variant="strong">No API clients</Box>
        <div>Add a client here or from a terminal:</div>
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

function AddApiClientDialog({ clients, onClose }: { clients: ApiClient[]; onClose: () => void }) {
  const addClient = useAddApiClient();
  const [inputs, setInputs] = useState({ clientId: "", tenant: "" });
  const clientId = inputs.clientId.trim();
  const tenant = inputs.tenant.trim();
  const existing = clients.find((each) => each.client_id === clientId);
  return (
    <ConfirmDialog
      header="Add API client"
      confirmLabel="Add API client"
      loading={addClient.isPending}
      canConfirm={CLIENT_ID.test(clientId) && TENANT.test(tenant) && existing?.tenant !== tenant}
      onDismiss={onClose}
      onConfirm={() => addClient.mutate({ client_id: clientId, tenant }, { onSuccess: onClose })}
    >
      <SpaceBetween size="m">
        <FormField
          label="Client ID"
          constraintText="The ID of an app client that signs in with client credentials"
          errorText={
            clientId && !CLIENT_ID.test(clientId) && "Use letters, digits and . _ @ - (at most 128 characters)"
          }
        >
          <Input value={inputs.clientId} onChange={({ detail }) => setInputs({ ...inputs, clientId: detail.value })} />
        </FormField>
        <FormField
          label="Tenant"
          constraintText="A new tenant is created by its first job"
          errorText={
            tenant &&
            !TENANT.test(tenant) &&
            "Use a–z, 0–9, - and _, and start with a letter or digit (at most 63 characters)"
          }
        >
          <Input value={inputs.tenant} onChange={({ detail }) => setInputs({ ...inputs, tenant: detail.value })} />
        </FormField>
        <div aria-live="polite">
          {existing
            ? `This client has access to tenant ${existing.tenant}. It will lose that access and get access to the tenant above.`
            : "The client gets access to the jobs of this tenant. Its scopes determine whether it can read or change them."}
        </div>
        {addClient.error && <ProblemAlert error={addClient.error} />}
      </SpaceBetween>
    </ConfirmDialog>
  );
}

function RevokeAccessDialog({ client, onClose }: { client: ApiClient; onClose: () => void }) {
  const revokeAccess = useRevokeApiClient();
  return (
    <ConfirmDialog
      header={`Revoke access of ${client.client_id}?`}
      confirmLabel="Revoke access"
      loading={revokeAccess.isPending}
      onDismiss={onClose}
      onConfirm={() => revokeAccess.mutate(client, { onSettled: onClose })}
    >
      The API rejects all further requests of {client.client_id}, even with a token that is still valid. Jobs that the
      client submitted belong to tenant {client.tenant} and continue.
    </ConfirmDialog>
  );
}
