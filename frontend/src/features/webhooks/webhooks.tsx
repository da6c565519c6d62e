/** Addresses that are told of the tenant's jobs: added, tested, looked at, removed. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { CodeBlock } from "@/components/code-block";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import { useApi } from "@/lib/api/context";
import type { Webhook, WebhookSecret } from "@/lib/api/types";
import { formatDuration, formatNumber } from "@/lib/format";
import { toSentence } from "@/lib/notifications";
import { useRefetchInterval } from "@/lib/query";
import { AddWebhookDialog } from "./add-webhook-dialog";
import { deliveriesQuery, useRemoveWebhook, useRotateSecret, useTestWebhook, webhooksQuery } from "./api";
import { wasDelivered, describeDelivery } from "./descriptions";

type Asked = "deliveries" | "rotate" | "remove";

export function Webhooks() {
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<WebhookSecret | null>(null);
  const [asking, setAsking] = useState<{ what: Asked; hook: Webhook } | null>(null);
  const test = useTestWebhook();
  const found = useQuery({ ...webhooksQuery(useApi()), refetchInterval: useRefetchInterval() });
  const items = found.data ?? [];
  const close = (): void => setAsking(null);
  return (
    <>
      <ResponsiveTable<Webhook>
        label="Webhooks"
        trackBy="id"
        items={items}
        loading={found.isPending}
        loadingText="Loading webhooks"
        wrapLines
        header={
          <Header
            variant="h2"
            counter={`(${formatNumber(items.length)})`}
            description="Addresses that are told of jobs of this tenant as they go. At most ten."
            actions={<Button onClick={() => setAdding(true)}>Add a webhook</Button>}
          >
            Webhooks
          </Header>
        }
        empty={
          found.isError ? (
            <ProblemAlert error={found.error} retry={() => void found.refetch()} />
          ) : (
            <Box textAlign="center" color="inherit" padding="m">
              Nobody is told. From a terminal: shoal webhooks add https://…
            </Box>
          )
        }
        columns={[
          {
            id: "url",
            header: "Address",
            isRowHeader: true,
            minWidth: 220,
            cell: (each) => (
              <>
                <span className="mono">{each.url}</span>
                {each.description && (
                  <Box variant="small" color="text-body-secondary" display="block">
                    {each.description}
                  </Box>
                )}
              </>
            ),
          },
          { id: "events", header: "Told of", minWidth: 160, cell: (each) => each.events.join(", ") || "All events" },
          { id: "state", header: "State", width: 220, card: "bare", cell: (each) => <WebhookState hook={each} /> },
          { id: "created", header: "Added", width: 190, cell: (each) => <Timestamp at={each.created_at} /> },
          {
            id: "actions",
            header: "Actions",
            width: 130,
            card: "bare",
            cell: (each) => (
              <ButtonDropdown
                variant="inline-icon"
                ariaLabel={`Actions on ${each.url}`}
                expandToViewport
                items={[
                  { id: "test", text: "Send a test" },
                  { id: "deliveries", text: "Deliveries" },
                  { id: "rotate", text: "New secret" },
                  { id: "remove", text: "Remove" },
                ]}
                onItemClick={({ detail }) => {
                  if (detail.id === "test") test.mutate(each);
                  else setAsking({ what: detail.id as Asked, hook: each });
                }}
              />
            ),
          },
        ]}
      />
      {adding && (
        <AddWebhookDialog
          onClose={() => setAdding(false)}
          onAdded={(made) => {
            setAdding(false);
            setSecret(made);
          }}
        />
      )}
      {secret && <SecretDialog secret={secret} onClose={() => setSecret(null)} />}
      {asking?.what === "deliveries" && <DeliveriesDialog hook={asking.hook} onClose={close} />}
      {asking?.what === "rotate" && <RotateSecretDialog hook={asking.hook} onClose={close} onRotated={setSecret} />}
      {asking?.what === "remove" && <RemoveWebhookDialog hook={asking.hook} onClose={close} />}
    </>
  );
}

function WebhookState({ hook }: { hook: Webhook }) {
  if (!hook.enabled) {
    return (
      <>
        <StatusIndicator type="stopped">Disabled</StatusIndicator>
        <Box variant="small" color="text-body-secondary" display="block">
          {toSentence(hook.disabled_reason ?? "Nothing arrived")} A test that arrives enables it.
        </Box>
      </>
    );
  }
  if (hook.failing_since) {
    return (
      <>
        <StatusIndicator type="warning">Failing</StatusIndicator>
        <Box variant="small" color="text-body-secondary" display="block">
          Since <Timestamp at={hook.failing_since} />
        </Box>
      </>
    );
  }
  return <StatusIndicator type="success">Enabled</StatusIndicator>;
}

/** It cannot be asked for again, so only a click on a button shuts it. */
function SecretDialog({ secret, onClose }: { secret: WebhookSecret; onClose: () => void }) {
  return (
    <Modal
      visible
      header="Keep the secret now"
      onDismiss={({ detail }) => {
        if (detail.reason === "closeButton") onClose();
      }}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            I have kept it
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Alert type="warning">It is shown this once. Who loses it gives the webhook a new one.</Alert>
        <CodeBlock text={secret.secret} label="secret" low />
        <div className="break">With it your service verifies that what comes to {secret.url} is Shoal's.</div>
      </SpaceBetween>
    </Modal>
  );
}

interface HookConfirmProps {
  hook: Webhook;
  onClose: () => void;
}

function RotateSecretDialog({
  hook,
  onClose,
  onRotated,
}: HookConfirmProps & { onRotated: (made: WebhookSecret) => void }) {
  const rotate = useRotateSecret();
  return (
    <ConfirmDialog
      header="Give it a new secret?"
      confirmLabel="New secret"
      loading={rotate.isPending}
      onDismiss={onClose}
      onConfirm={() => rotate.mutate(hook.id, { onSuccess: onRotated, onSettled: onClose })}
    >
      For 24 hours what is sent to {hook.url} is signed with both secrets, so that you can change yours at any time in
      between.
    </ConfirmDialog>
  );
}

function RemoveWebhookDialog({ hook, onClose }: HookConfirmProps) {
  const remove = useRemoveWebhook();
  return (
    <ConfirmDialog
      header="Remove the webhook?"
      confirmLabel="Remove"
      loading={remove.isPending}
      onDismiss={onClose}
      onConfirm={() => remove.mutate(hook, { onSettled: onClose })}
    >
      {hook.url} is told nothing any more, and its deliveries can be seen no more. It cannot be undone.
    </ConfirmDialog>
  );
}

function DeliveriesDialog({ hook, onClose }: HookConfirmProps) {
  const found = useQuery({ ...deliveriesQuery(useApi(), hook.id), refetchInterval: useRefetchInterval() });
  return (
    <Modal
      visible
      size="max"
      header={`Deliveries to ${hook.url}`}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button onClick={onClose}>Close</Button>
        </Box>
      }
    >
      <ResponsiveTable
        label="Deliveries"
        variant="embedded"
        trackBy={(each) => `${each.event_id} ${each.attempt} ${each.at}`}
        items={found.data ?? []}
        loading={found.isPending}
        loadingText="Loading deliveries"
        wrapLines
        header={
          <Header variant="h3" description="The last hundred attempts of two weeks, newest first.">
            Attempts
          </Header>
        }
        empty={
          found.isError ? <ProblemAlert error={found.error} /> : <Box textAlign="center">Nothing was sent yet.</Box>
        }
        columns={[
          {
            id: "event",
            header: "Event",
            isRowHeader: true,
            width: 300,
            cell: (each) => (
              <>
                {each.event_type}
                <Box variant="small" color="text-body-secondary" display="block">
                  <span className="mono">{each.event_id}</span>
                </Box>
              </>
            ),
          },
          { id: "attempt", header: "Attempt", width: 100, card: "half", cell: (each) => formatNumber(each.attempt) },
          {
            id: "outcome",
            header: "Outcome",
            minWidth: 200,
            cell: (each) => (
              <StatusIndicator type={wasDelivered(each) ? "success" : each.next_attempt_at ? "warning" : "error"}>
                {toSentence(describeDelivery(each))}
              </StatusIndicator>
            ),
          },
          { id: "took", header: "Took", width: 100, card: "half", cell: (each) => formatDuration(each.duration) },
          { id: "at", header: "At", width: 190, card: "half", cell: (each) => <Timestamp at={each.at} /> },
          {
            id: "next",
            header: "Next attempt",
            width: 190,
            card: "half",
            cell: (each) => <Timestamp at={each.next_attempt_at} />,
          },
        ]}
      />
    </Modal>
  );
}
