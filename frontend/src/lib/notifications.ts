/** What has been done, told at the top of whichever screen is shown. */

import { Problem, describeStatus } from "@/lib/api/problem";
import { Store } from "@/lib/store";

export interface NotificationItem {
  id: string;
  type: "success" | "error" | "info" | "warning" | "in-progress";
  header: string;
  content?: string;
  link?: { text: string; href: string };
}

export const notifications = new Store<NotificationItem[]>([]);

const MOST = 5;
const SUCCESS_STAYS = 8_000;
let last = 0;

export function notify(notice: Omit<NotificationItem, "id"> & { id?: string }): string {
  last += 1;
  const id = notice.id ?? `notice-${last}`;
  const others = notifications.get().filter((each) => each.id !== id);
  notifications.set([{ ...notice, id }, ...others].slice(0, MOST));
  if (notice.type === "success") setTimeout(() => dismiss(id), SUCCESS_STAYS);
  return id;
}

export function notifyProblem(header: string, error: unknown): void {
  if (error instanceof Problem) {
    if (error.status === 401) return; // the session's dialog says it
    const id = error.requestId ? ` Request ${error.requestId}.` : "";
    notify({
      type: "error",
      header,
      content: `${toSentence(error.detail)} ${describeStatus(error.status).action}${id}`,
    });
  } else {
    notify({ type: "error", header, content: String(error) });
  }
}

export function dismiss(id: string): void {
  notifications.set(notifications.get().filter((each) => each.id !== id));
}

export const toSentence = (text: string): string => {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
};
