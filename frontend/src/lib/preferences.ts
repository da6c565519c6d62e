/** What a user likes, kept in the browser. */

import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { persistedStore, useStore } from "@/lib/store";

export type Theme = "system" | "light" | "dark";
export type TimeZone = "local" | "utc";
export type RefreshMode = "live" | "2s" | "5s" | "paused";

export const theme = persistedStore<Theme>("shoal.theme", "system");
export const timeZone = persistedStore<TimeZone>("shoal.zone", "local");
/** Whether the places stand open beside a screen that is wide enough. */
export const navigationOpen = persistedStore<boolean>("shoal.places", true);
export const refreshMode = persistedStore<RefreshMode>("shoal.pace", "live");

const dark = matchMedia("(prefers-color-scheme: dark)");

function applyTheme(): void {
  const chosen = theme.get();
  const isDark = chosen === "dark" || (chosen === "system" && dark.matches);
  applyMode(isDark ? Mode.Dark : Mode.Light);
}

/** Paint the page in the user's theme, now and whenever it or the system's changes. */
export function watchTheme(): void {
  applyTheme();
  theme.subscribe(applyTheme);
  dark.addEventListener("change", applyTheme);
}

export const useTheme = (): Theme => useStore(theme);
export const useTimeZone = (): TimeZone => useStore(timeZone);
export const useRefreshMode = (): RefreshMode => useStore(refreshMode);
