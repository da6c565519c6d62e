/** Whether the API answers, for all screens. */

import { Store } from "@/lib/store";

export type Connection =
  { state: "fine" } | { state: "offline" } | { state: "away"; since: number; status: number } | { state: "expired" };

export const connection = new Store<Connection>({ state: "fine" });

export function recordResponse(status: number): void {
  const now = connection.get();
  if (now.state === "expired") return;
  if (status === 0 || status >= 500) {
    if (now.state === "fine") connection.set({ state: "away", since: Date.now(), status });
  } else if (now.state === "away" || (now.state === "offline" && navigator.onLine)) {
    // An answer that was under way when the network went says nothing of now.
    connection.set({ state: "fine" });
  }
}

export function watchNetwork(): void {
  addEventListener("offline", () => connection.set({ state: "offline" }));
  addEventListener("online", () => {
    if (connection.get().state === "offline") connection.set({ state: "fine" });
  });
  if (!navigator.onLine) connection.set({ state: "offline" });
}
