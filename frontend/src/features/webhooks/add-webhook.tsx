/** A webhook: where it is, and of what it is told. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { Confirm } from "@/components/confirm";
import { ProblemAlert } from "@/components/problem-alert";
import type { EventType, WebhookSecret } from "@/lib/api/types";
import { useAddWebhook } from "./api";
import { EVENT_WORDS, EVENTS } from "./words";

const OPTIONS = EVENTS.map((value) => ({ value, label: value, description: EVENT_WORDS[value] }));

export interface AddWebhookProps {
  onClose: () => void;
  onAdded: (made: WebhookSecret) => void;
}

export function AddWebhook({ onClose, onAdded }: AddWebhookProps) {
  const add = useAddWebhook();
  const [key] = useState(() => crypto.randomUUID());
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const [events, setEvents] = useState<EventType[]>([]);
  return (
    <Confirm
      header="Add a webhook"
      verb="Add webhook"
      busy={add.isPending}
      ready={/^https?:\/\/./.test(url)}
      onDismiss={onClose}
      onConfirm={() => add.mutate({ url, events, description: description.trim(), key }, { onSuccess: onAdded })}
    >
      <SpaceBetween size="m">
        <div>
          {events.length ? `${events.length} of ${EVENTS.length} events` : `All ${EVENTS.length} events`} of each job of
          this tenant will be posted to it from now on. Its secret is shown once, then.
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
              setEvents(EVENTS.filter((each) => detail.selectedOptions.some((chosen) => chosen.value === each)))
            }
          />
        </FormField>
        <FormField label="Description" constraintText="Optional">
          <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
        </FormField>
        {add.error && <ProblemAlert error={add.error} />}
      </SpaceBetween>
    </Confirm>
  );
}
