/** Fetches the screen that the address names beside what all screens need, so that neither waits for the other. */

import { screenAt } from "@/app/screens";

/** A screen that does not come is asked for again, and complained of, by the router. */
screenAt(location.pathname)?.().catch(() => undefined);

void import("@/app/start").then(({ start }) => start());
