/** The state of the connection to the API, shared by all screens. */

import { Store } from "@/lib/store";

export type Connection =
  | { state: "ok" }
  | { state: "offline" }
  | { state: "unavailable"; since: number; status: number }
  | { state: "expired" };

export const connection = new Store<Connection>({ state: "ok" });

/** Updates the state from the status of a response. The status is 0 if no response arrived. */
export function recordResponse(status: number): void {
  const current = connection.get();
  if (current.state === "expired") return;
  if (status === 0 || status >= 500) {
    if (current.state === "ok") connection.set({ state: "unavailable", since: Date.now(), status });
  } else if (current.state === "unavailable" || (current.state === "offline" && navigator.onLine)) {
    // A response that was in flight when the network went down must not end the offline state.
    connection.set({ state: "ok" });
  }
}

export function watchNetwork(): void {
  addEventListener("offline", () => connection.set({ state: "offline" }));
  addEventListener("online", () => {
    if (connection.get().state === "offline") connection.set({ state: "ok" });
  });
  if (!navigator.onLine) connection.set({ state: "offline" });
}
