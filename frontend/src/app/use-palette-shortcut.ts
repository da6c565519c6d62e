/** The keyboard shortcut of the command palette, which is loaded when it first opens. */

import { useEffect } from "react";

/** Calls `open` on Ctrl+K or ⌘K. */
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
