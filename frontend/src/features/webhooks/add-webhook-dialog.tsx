/** A form that adds a webhook. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { ProblemAlert } from "@/components/problem-alert";
import type { EventType, WebhookSecret } from "@/lib/api/types";
import { useAddWebhook } from "./api";
import { EVENT_DESCRIPTIONS, EVENT_TYPES } from "./descriptions";

const OPTIONS = EVENT_TYPES.map((value) => ({ value, label: value, description: EVENT_DESCRIPTIONS[value] }));

export interface AddWebhookDialogProps {
  onClose: () => void;
  onAdded: (webhook: WebhookSecret) => void;
}

export function AddWebhookDialog({ onClose, onAdded }: AddWebhookDialogProps) {
  const addWebhook = useAddWebhook();
  const [key] = useState(() => crypto.randomUUID());
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const [events, setEvents] = useState<EventType[]>([]);
  return (
    <ConfirmDialog
      header="Add webhook"
      confirmLabel="Add webhook"
      loading={addWebhook.isPending}
      canConfirm={/^https?:\/\/./.test(url)}
      onDismiss={onClose}
      onConfirm={() => addWebhook.mutate({ url, events, description: description.trim(), key }, { onSuccess: onAdded })}
    >
      <SpaceBetween size="m">
        <div>
          Shoal sends the events of this tenant's jobs (
          {events.length ? `${events.length} of ${EVENT_TYPES.length} event types` : "all event types"}) to the URL. The
          webhook secret is shown only once, after you add the webhook.
        </div>
        <FormField label="URL" constraintText="A public HTTPS endpoint">
          <Input value={url} type="url" placeholder="https://" onChange={({ detail }) => setUrl(detail.value.trim())} />
        </FormField>
        <FormField label="Event types">
          <Multiselect
            ariaLabel="Event types"
            placeholder="All event types"
            options={OPTIONS}
            selectedOptions={OPTIONS.filter((each) => events.includes(each.value))}
            deselectAriaLabel={(each) => `Remove ${each.label}`}
            onChange={({ detail }) =>
              setEvents(EVENT_TYPES.filter((each) => detail.selectedOptions.some(({ value }) => value === each)))
            }
          />
        </FormField>
        <FormField
          label={
            <>
              Description<i> - optional</i>
            </>
          }
        >
          <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
        </FormField>
        {addWebhook.error && <ProblemAlert error={addWebhook.error} />}
      </SpaceBetween>
    </ConfirmDialog>
  );
}
