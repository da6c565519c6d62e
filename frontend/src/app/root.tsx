/** The frame around all screens: top navigation, client-side links, session dialog and command palette. */

import { Outlet, useRouter } from "@tanstack/react-router";
import { lazy, type MouseEvent, Suspense, useCallback, useState } from "react";
import { SessionExpiredDialog } from "@/app/session-expired-dialog";
import { TopNavigation } from "@/app/top-navigation";
import { usePaletteShortcut } from "@/app/use-palette-shortcut";

/** Handles clicks on Cloudscape's links, which are plain anchors: internal links navigate without a page load. */
function useClientSideLinks(): (event: MouseEvent) => void {
  const router = useRouter();
  return (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.("a[href]");
    const href = link?.getAttribute("href");
    if (!href?.startsWith("/") || link?.getAttribute("target") || link?.hasAttribute("download")) return;
    event.preventDefault();
    void router.navigate({ to: href });
  };
}

const CommandPalette = lazy(async () => ({ default: (await import("@/app/command-palette")).CommandPalette }));

export function Root() {
  const [paletteOpen, setPaletteOpen] = useState(false);
  const openPalette = useCallback(() => setPaletteOpen(true), []);
  usePaletteShortcut(openPalette);
  const onClick = useClientSideLinks();
  return (
    // Keyboard users follow the links themselves, which also fires click events.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
    <div onClick={onClick}>
      <header id="top">
        <TopNavigation onSearch={openPalette} />
      </header>
      <Outlet />
      <SessionExpiredDialog />
      {paletteOpen && (
        <Suspense>
          <CommandPalette onClose={() => setPaletteOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}
