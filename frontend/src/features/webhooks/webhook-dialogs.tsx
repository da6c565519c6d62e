/** The dialogs that show a secret, rotate it, and remove a webhook. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { CodeBlock } from "@/components/code-block";
import { ConfirmDialog } from "@/components/confirm-dialog";
import type { Webhook, WebhookSecret } from "@/lib/api/types";
import { useRemoveWebhook, useRotateSecret } from "./api";

/** The secret cannot be shown again, so a click outside the dialog or Escape does not close it. */
export function SecretDialog({ secret, onClose }: { secret: WebhookSecret; onClose: () => void }) {
  return (
    <Modal
      visible
      header="Save the webhook secret"
      onDismiss={({ detail }) => {
        if (detail.reason === "closeButton") onClose();
      }}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            I saved the secret
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Alert type="warning">Shown only once. If you lose it, rotate the secret.</Alert>
        <CodeBlock text={secret.secret} label="secret" low />
        <div className="break">Use the secret to verify that requests to {secret.url} come from Shoal.</div>
      </SpaceBetween>
    </Modal>
  );
}

export interface WebhookDialogProps {
  webhook: Webhook;
  onClose: () => void;
}

export interface RotateSecretDialogProps extends WebhookDialogProps {
  onRotated: (secret: WebhookSecret) => void;
}

export function RotateSecretDialog({ webhook, onClose, onRotated }: RotateSecretDialogProps) {
  const rotateSecret = useRotateSecret();
  return (
    <ConfirmDialog
      header="Rotate secret?"
      confirmLabel="Rotate secret"
      loading={rotateSecret.isPending}
      onDismiss={onClose}
      onConfirm={() => rotateSecret.mutate(webhook.id, { onSuccess: onRotated, onSettled: onClose })}
    >
      For 24 hours, requests to {webhook.url} are signed with both secrets. Replace the old secret within that time.
    </ConfirmDialog>
  );
}

export function RemoveWebhookDialog({ webhook, onClose }: WebhookDialogProps) {
  const removeWebhook = useRemoveWebhook();
  return (
    <ConfirmDialog
      header="Remove webhook?"
      confirmLabel="Remove webhook"
      loading={removeWebhook.isPending}
      onDismiss={onClose}
      onConfirm={() => removeWebhook.mutate(webhook, { onSettled: onClose })}
    >
      Shoal stops sending events to {webhook.url} and deletes its delivery history. You can't undo this action.
    </ConfirmDialog>
  );
}
