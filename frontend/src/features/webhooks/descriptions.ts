/** What is told, and how an attempt went. Pure. */

import type { Delivery, EventType } from "@/lib/api/types";

/** Names every event, or does not compile. */
export const EVENT_DESCRIPTIONS: Record<EventType, string> = {
  "job.submitted": "A job is submitted",
  "job.enqueued": "Its chunks wait in the queues",
  "job.started": "Its first task begins",
  "job.paused": "It is paused",
  "job.resumed": "It goes on",
  "job.stopping": "It is being ended",
  "job.completed": "It completed",
  "job.failed": "It failed",
  "job.cancelled": "It was cancelled",
  "job.retried": "What failed of it is retried",
  "job.deleted": "It was deleted",
};

export const EVENT_TYPES = Object.keys(EVENT_DESCRIPTIONS) as EventType[];

export const wasDelivered = ({ status_code: status }: Pick<Delivery, "status_code">): boolean =>
  status !== null && status >= 200 && status < 300;

/** The answer, or what went wrong, and whether it is tried again. */
export function describeDelivery(delivery: Pick<Delivery, "status_code" | "error" | "next_attempt_at">): string {
  const said = [delivery.status_code === null ? null : `answered ${delivery.status_code}`, delivery.error].filter(
    Boolean,
  );
  const told = said.join(": ") || "no answer";
  if (wasDelivered(delivery)) return told;
  return `${told}; ${delivery.next_attempt_at ? "it is tried again" : "it is not tried again"}`;
}
