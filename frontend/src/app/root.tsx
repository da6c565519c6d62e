/** Around all screens: the top, links that stay in the page, the palette. */

import { Outlet, useRouter } from "@tanstack/react-router";
import { lazy, type MouseEvent, Suspense, useCallback, useState } from "react";
import { usePaletteShortcut } from "@/app/use-palette-shortcut";
import { Frame } from "@/app/page-layout";

/** Cloudscape's links are plain anchors; those to ourselves change the screen, not the page. */
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

const Palette = lazy(async () => ({ default: (await import("@/app/command-palette")).CommandPalette }));

export function Root() {
  const [finding, setFinding] = useState(false);
  const find = useCallback(() => setFinding(true), []);
  usePaletteShortcut(find);
  const onClick = useClientSideLinks();
  return (
    // Links are reached and followed by keyboard by themselves; this only catches what they do.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
    <div onClick={onClick}>
      <Frame onPalette={find}>
        <Outlet />
      </Frame>
      {finding && (
        <Suspense>
          <Palette onClose={() => setFinding(false)} />
        </Suspense>
      )}
    </div>
  );
}
