/** Whether the screen is too narrow for tables. The breakpoint is Cloudscape's. */

import { useSyncExternalStore } from "react";

const narrow = matchMedia("(max-width: 688px)");

const subscribe = (listener: () => void): (() => void) => {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
};

export const useIsMobile = (): boolean => useSyncExternalStore(subscribe, () => narrow.matches);
