/** The entry point. Loads the screen that the address names in parallel with the code that all screens share. */

import { screenToPreload } from "@/app/screens";

// If this load fails, the router loads the screen again and shows the error.
screenToPreload(location.pathname)?.().catch(() => undefined);

void import("@/app/start").then(({ start }) => start());
