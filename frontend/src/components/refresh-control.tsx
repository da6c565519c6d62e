/** A button that refreshes the screen, and a menu that sets how often it refreshes. */

import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import { liveState, type LiveState } from "@/lib/live/state";
import { refreshMode, type RefreshMode, useRefreshMode } from "@/lib/preferences";
import { useRefresh } from "@/lib/query";
import { useStore } from "@/lib/store";

const MODE_LABELS: Record<RefreshMode, string> = {
  live: "Live",
  "2s": "Every 2 seconds",
  "5s": "Every 5 seconds",
  paused: "Paused",
};

const LIVE_LABELS: Record<LiveState, string> = {
  connected: "Live",
  connecting: "Connecting",
  off: "Every 5 s",
  failed: "Every 5 s",
};

const LIVE_DESCRIPTIONS: Record<LiveState, string> = {
  connected: "Updates arrive as they happen",
  connecting: "Connecting; refreshes every 5 seconds until connected",
  off: "Refreshes every 5 seconds",
  failed: "No live connection; refreshes every 5 seconds",
};

/** `live` is true on screens that live updates reach. Other screens refresh every 5 seconds in live mode. */
export function RefreshControl({ live = false }: { live?: boolean }) {
  const mode = useRefreshMode();
  const state = useStore(liveState);
  const { refresh, refreshing } = useRefresh();
  const labels: Record<RefreshMode, string> = {
    live: live ? LIVE_LABELS[state] : "Every 5 s",
    "2s": "Every 2 s",
    "5s": "Every 5 s",
    paused: "Paused",
  };
  return (
    <ButtonDropdown
      mainAction={{
        iconName: "refresh",
        text: labels[mode],
        ariaLabel: `Refresh now. ${labels[mode]}${refreshing ? ", refreshing" : ""}`,
        onClick: () => void refresh(),
      }}
      ariaLabel="Refresh interval"
      expandToViewport
      items={(Object.keys(MODE_LABELS) as RefreshMode[]).map((each) => ({
        id: each,
        text: MODE_LABELS[each],
        itemType: "checkbox" as const,
        checked: each === mode,
        ...(each === "live" && live ? { secondaryText: LIVE_DESCRIPTIONS[state] } : {}),
      }))}
      onItemClick={({ detail }) => refreshMode.set(detail.id as RefreshMode)}
    />
  );
}
