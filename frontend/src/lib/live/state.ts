/** The state of the live connection. */

import { Store } from "@/lib/store";

export type LiveState = "off" | "connecting" | "connected" | "failed";

export const liveState = new Store<LiveState>("off");
