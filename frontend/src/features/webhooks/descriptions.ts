/** Descriptions of event types and deliveries. Pure. */

import type { Delivery, EventType } from "@/lib/api/types";

export const EVENT_DESCRIPTIONS: Record<EventType, string> = {
  "job.submitted": "The job was submitted",
  "job.enqueued": "The chunks are in the queues",
  "job.started": "The first task started",
  "job.paused": "The job was paused",
  "job.resumed": "The job was resumed",
  "job.stopping": "The job is stopping",
  "job.completed": "The job completed",
  "job.failed": "The job failed",
  "job.cancelled": "The job was cancelled",
  "job.retried": "A retry of failed tasks started",
  "job.deleted": "The job was deleted",
};

export const EVENT_TYPES = Object.keys(EVENT_DESCRIPTIONS) as EventType[];

export const wasDelivered = ({ status_code: status }: Pick<Delivery, "status_code">): boolean =>
  status !== null && status >= 200 && status < 300;

/** The response or the error of a delivery, and whether Shoal retries it. */
export function describeDelivery(delivery: Pick<Delivery, "status_code" | "error" | "next_attempt_at">): string {
  const status = delivery.status_code === null ? null : `Status ${delivery.status_code}`;
  const outcome = [status, delivery.error].filter(Boolean).join(": ") || "No response";
  if (wasDelivered(delivery)) return outcome;
  return `${outcome}, ${delivery.next_attempt_at ? "will be retried" : "will not be retried"}`;
}
