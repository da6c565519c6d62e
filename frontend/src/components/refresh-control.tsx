/** How the screen keeps up: the pace, the state that it is in, and a button to ask now. */

import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { liveState, type LiveState } from "@/lib/live/state";
import { refreshMode, type RefreshMode, useRefreshMode } from "@/lib/preferences";
import { useStore } from "@/lib/store";

const PACES: Record<RefreshMode, string> = {
  live: "Live",
  "2s": "Every 2 seconds",
  "5s": "Every 5 seconds",
  paused: "Paused",
};

const LIVE_WORDS: Record<LiveState, string> = {
  connected: "Live",
  connecting: "Connecting",
  off: "Every 5 s",
  failed: "Every 5 s",
};

const LIVE_WHY: Record<LiveState, string> = {
  connected: "Changes are pushed as they happen",
  connecting: "Connecting; asked every 5 seconds until then",
  off: "Asked every 5 seconds",
  failed: "The live connection does not stand; asked every 5 seconds",
};

/** `pushed` where deltas reach what is shown; else the screen asks every five seconds when live. */
export function RefreshControl({ pushed = false }: { pushed?: boolean }) {
  const chosen = useRefreshMode();
  const live = useStore(liveState);
  const queries = useQueryClient();
  const busy = useIsFetching() > 0;
  const words: Record<RefreshMode, string> = {
    live: pushed ? LIVE_WORDS[live] : "Every 5 s",
    "2s": "Every 2 s",
    "5s": "Every 5 s",
    paused: "Paused",
  };
  return (
    <ButtonDropdown
      mainAction={{
        iconName: "refresh",
        text: words[chosen],
        ariaLabel: `Refresh now. ${words[chosen]}${busy ? ", asking" : ""}`,
        onClick: () => void queries.invalidateQueries(),
      }}
      ariaLabel="Pace of refresh"
      expandToViewport
      items={(Object.keys(PACES) as RefreshMode[]).map((each) => ({
        id: each,
        text: PACES[each],
        itemType: "checkbox" as const,
        checked: each === chosen,
        ...(each === "live" && pushed ? { secondaryText: LIVE_WHY[live] } : {}),
      }))}
      onItemClick={({ detail }) => refreshMode.set(detail.id as RefreshMode)}
    />
  );
}
