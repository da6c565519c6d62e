/** What has been done, told at the top of whichever screen is shown. */

import { Problem, wordsFor } from "@/lib/api/problem";
import { Store } from "@/lib/store";

export interface Notice {
  id: string;
  type: "success" | "error" | "info" | "warning" | "in-progress";
  header: string;
  content?: string;
  link?: { text: string; href: string };
}

export const notices = new Store<Notice[]>([]);

const MOST = 5;
const SUCCESS_STAYS = 8_000;
let last = 0;

export function tell(notice: Omit<Notice, "id"> & { id?: string }): string {
  last += 1;
  const id = notice.id ?? `notice-${last}`;
  const others = notices.get().filter((each) => each.id !== id);
  notices.set([{ ...notice, id }, ...others].slice(0, MOST));
  if (notice.type === "success") setTimeout(() => forget(id), SUCCESS_STAYS);
  return id;
}

export function tellProblem(header: string, error: unknown): void {
  if (error instanceof Problem) {
    if (error.status === 401) return; // the session's dialog says it
    const id = error.requestId ? ` Request ${error.requestId}.` : "";
    tell({ type: "error", header, content: `${sentence(error.detail)} ${wordsFor(error.status).way}${id}` });
  } else {
    tell({ type: "error", header, content: String(error) });
  }
}

export function forget(id: string): void {
  notices.set(notices.get().filter((each) => each.id !== id));
}

export const sentence = (text: string): string => {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
};
