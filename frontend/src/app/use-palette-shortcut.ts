/** The palette opens by key on every screen; it is loaded only then. */

import { useEffect } from "react";

/** Open on ⌘K or Ctrl K. */
export function usePaletteShortcut(open: () => void): void {
  useEffect(() => {
    const listener = (event: globalThis.KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      open();
    };
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, [open]);
}
