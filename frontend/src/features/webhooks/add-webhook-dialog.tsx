/** A webhook: where it is, and of what it is told. */

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
  onAdded: (made: WebhookSecret) => void;
}

export function AddWebhookDialog({ onClose, onAdded }: AddWebhookDialogProps) {
  const add = useAddWebhook();
  const [key] = useState(() => crypto.randomUUID());
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const [events, setEvents] = useState<EventType[]>([]);
  return (
    <ConfirmDialog
      header="Add a webhook"
      confirmLabel="Add webhook"
      loading={add.isPending}
      canConfirm={/^https?:\/\/./.test(url)}
      onDismiss={onClose}
      onConfirm={() => add.mutate({ url, events, description: description.trim(), key }, { onSuccess: onAdded })}
    >
      <SpaceBetween size="m">
        <div>
          {events.length ? `${events.length} of ${EVENT_TYPES.length} events` : `All ${EVENT_TYPES.length} events`} of
          each job of this tenant will be posted to it from now on. Its secret is shown once, then.
        </div>
        <FormField label="Address" constraintText="A public https address">
          <Input value={url} type="url" placeholder="https://" onChange={({ detail }) => setUrl(detail.value.trim())} />
        </FormField>
        <FormField label="Told of">
          <Multiselect
            ariaLabel="Events"
            placeholder="All events"
            options={OPTIONS}
            selectedOptions={OPTIONS.filter((each) => events.includes(each.value))}
            deselectAriaLabel={(each) => `Leave out ${each.label}`}
            onChange={({ detail }) =>
              setEvents(EVENT_TYPES.filter((each) => detail.selectedOptions.some((chosen) => chosen.value === each)))
            }
          />
        </FormField>
        <FormField label="Description" constraintText="Optional">
          <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
        </FormField>
        {add.error && <ProblemAlert error={add.error} />}
      </SpaceBetween>
    </ConfirmDialog>
  );
}
