/** The tenant's webhooks, and the actions on them. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { TextWithCode } from "@/components/text-with-code";
import { Timestamp } from "@/components/timestamp";
import type { Webhook, WebhookSecret } from "@/lib/api/types";
import { formatNumber, toSentence } from "@/lib/format";
import { AddWebhookDialog } from "./add-webhook-dialog";
import { useTestWebhook, useWebhooks } from "./api";
import { DeliveriesDialog } from "./deliveries-dialog";
import { RemoveWebhookDialog, RotateSecretDialog, SecretDialog } from "./webhook-dialogs";

type Dialog = "deliveries" | "rotate" | "remove";

export function Webhooks() {
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<WebhookSecret | null>(null);
  const [dialog, setDialog] = useState<{ name: Dialog; webhook: Webhook } | null>(null);
  const testWebhook = useTestWebhook();
  const { data: webhooks = [], error, isError, isPending, refetch } = useWebhooks();
  const close = (): void => setDialog(null);
  return (
    <>
      <ResponsiveTable<Webhook>
        label="Webhooks"
        trackBy="id"
        items={webhooks}
        loading={isPending}
        loadingText="Loading webhooks"
        wrapLines
        header={
          <Header
            variant="h2"
            counter={`(${formatNumber(webhooks.length)})`}
            description="Endpoints that receive the events of this tenant's jobs. A tenant can have up to 10 webhooks."
            actions={<Button onClick={() => setAdding(true)}>Add webhook</Button>}
          >
            Webhooks
          </Header>
        }
        empty={isError ? <ProblemAlert error={error} retry={() => void refetch()} /> : <NoWebhooks />}
        columns={[
          {
            id: "url",
            header: "URL",
            isRowHeader: true,
            minWidth: 220,
            cell: (webhook) => (
              <>
                <span className="mono">{webhook.url}</span>
                {webhook.description && (
                  <Box variant="small" color="text-body-secondary" display="block">
                    {webhook.description}
                  </Box>
                )}
              </>
            ),
          },
          {
            id: "events",
            header: "Event types",
            minWidth: 160,
            cell: (webhook) => webhook.events.join(", ") || "All",
          },
          {
            id: "state",
            header: "State",
            width: 220,
            card: "unlabelled",
            cell: (webhook) => <WebhookState webhook={webhook} />,
          },
          { id: "created", header: "Added", width: 190, cell: (webhook) => <Timestamp at={webhook.created_at} /> },
          {
            id: "actions",
            header: "Actions",
            width: 130,
            card: "unlabelled",
            cell: (webhook) => (
              <ButtonDropdown
                variant="inline-icon"
                ariaLabel={`Actions for ${webhook.url}`}
                expandToViewport
                items={[
                  { id: "test", text: "Send test event" },
                  { id: "deliveries", text: "View deliveries" },
                  { id: "rotate", text: "Rotate secret" },
                  { id: "remove", text: "Remove" },
                ]}
                onItemClick={({ detail }) => {
                  if (detail.id === "test") testWebhook.mutate(webhook);
                  else setDialog({ name: detail.id as Dialog, webhook });
                }}
              />
            ),
          },
        ]}
      />
      {adding && (
        <AddWebhookDialog
          onClose={() => setAdding(false)}
          onAdded={(added) => {
            setAdding(false);
            setSecret(added);
          }}
        />
      )}
      {secret && <SecretDialog secret={secret} onClose={() => setSecret(null)} />}
      {dialog?.name === "deliveries" && <DeliveriesDialog webhook={dialog.webhook} onClose={close} />}
      {dialog?.name === "rotate" && (
        <RotateSecretDialog webhook={dialog.webhook} onClose={close} onRotated={setSecret} />
      )}
      {dialog?.name === "remove" && <RemoveWebhookDialog webhook={dialog.webhook} onClose={close} />}
    </>
  );
}

const NoWebhooks = () => (
  <Box textAlign="center" color="inherit" padding="m">
    <Box variant="strong">No webhooks</Box>
    <Box variant="p">
      <TextWithCode text="Add a webhook here, or run `shoal webhooks add URL` in a terminal." />
    </Box>
  </Box>
);

function WebhookState({ webhook }: { webhook: Webhook }) {
  if (!webhook.enabled) {
    return (
      <>
        <StatusIndicator type="stopped">Disabled</StatusIndicator>
        <Box variant="small" color="text-body-secondary" display="block">
          {toSentence(webhook.disabled_reason ?? "All deliveries failed")} Send a test event; success re-enables the
          webhook.
        </Box>
      </>
    );
  }
  if (webhook.failing_since) {
    return (
      <>
        <StatusIndicator type="warning">Failing</StatusIndicator>
        <Box variant="small" color="text-body-secondary" display="block">
          Since <Timestamp at={webhook.failing_since} />
        </Box>
      </>
    );
  }
  return <StatusIndicator type="success">Enabled</StatusIndicator>;
}
