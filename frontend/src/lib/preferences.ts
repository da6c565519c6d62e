/** The user's preferences, stored in the browser. */

import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { persistedStore, useStore } from "@/lib/store";

export type Theme = "system" | "light" | "dark";
export type TimeZone = "local" | "utc";
export type RefreshMode = "live" | "2s" | "5s" | "paused";

export const theme = persistedStore<Theme>("shoal.theme", "system");
export const timeZone = persistedStore<TimeZone>("shoal.zone", "local");
export const refreshMode = persistedStore<RefreshMode>("shoal.pace", "live");
/** Whether the side navigation is open on screens that are wide enough. */
export const navigationOpen = persistedStore<boolean>("shoal.places", true);

const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function applyTheme(): void {
  const chosen = theme.get();
  const dark = chosen === "dark" || (chosen === "system" && prefersDark.matches);
  applyMode(dark ? Mode.Dark : Mode.Light);
}

/** Applies the theme now, and again whenever the preference or the system's color scheme changes. */
export function watchTheme(): void {
  applyTheme();
  theme.subscribe(applyTheme);
  prefersDark.addEventListener("change", applyTheme);
}

export const useTheme = (): Theme => useStore(theme);
export const useTimeZone = (): TimeZone => useStore(timeZone);
export const useRefreshMode = (): RefreshMode => useStore(refreshMode);
