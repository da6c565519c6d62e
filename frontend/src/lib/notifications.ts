/** The notifications that every screen shows at its top. */

import { describeStatus, Problem } from "@/lib/api/problem";
import { toSentence } from "@/lib/format";
import { Store } from "@/lib/store";

export interface NotificationItem {
  id: string;
  type: "success" | "error" | "info" | "warning" | "in-progress";
  header: string;
  content?: string;
}

export const notifications = new Store<NotificationItem[]>([]);

const MAX_ITEMS = 5;
const SUCCESS_DURATION = 8_000;
let lastId = 0;

/** Shows a notification and returns its ID. A notification with the same ID is replaced. */
export function notify(item: Omit<NotificationItem, "id"> & { id?: string }): string {
  lastId += 1;
  const id = item.id ?? `notification-${lastId}`;
  const others = notifications.get().filter((each) => each.id !== id);
  notifications.set([{ ...item, id }, ...others].slice(0, MAX_ITEMS));
  if (item.type === "success") setTimeout(() => dismiss(id), SUCCESS_DURATION);
  return id;
}

export function notifyProblem(header: string, error: unknown): void {
  if (error instanceof Problem) {
    if (error.status === 401) return; // the dialog for an expired session opens instead
    const requestId = error.requestId ? ` Request ID: ${error.requestId}` : "";
    const content = `${toSentence(error.detail)} ${describeStatus(error.status).action}${requestId}`;
    notify({ type: "error", header, content });
  } else {
    notify({ type: "error", header, content: String(error) });
  }
}

export function dismiss(id: string): void {
  notifications.set(notifications.get().filter((each) => each.id !== id));
}
