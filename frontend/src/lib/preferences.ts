/** What a user likes, kept in the browser. */

import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { kept, useStore } from "@/lib/store";

export type Theme = "system" | "light" | "dark";
export type Zone = "local" | "utc";
export type Pace = "live" | "2s" | "5s" | "paused";

export const theme = kept<Theme>("shoal.theme", "system");
export const zone = kept<Zone>("shoal.zone", "local");
/** Whether the places stand open beside a screen that is wide enough. */
export const places = kept<boolean>("shoal.places", true);
export const pace = kept<Pace>("shoal.pace", "live");

const dark = matchMedia("(prefers-color-scheme: dark)");

function paint(): void {
  const chosen = theme.get();
  const isDark = chosen === "dark" || (chosen === "system" && dark.matches);
  applyMode(isDark ? Mode.Dark : Mode.Light);
}

/** Paint the page in the user's theme, now and whenever it or the system's changes. */
export function followTheme(): void {
  paint();
  theme.subscribe(paint);
  dark.addEventListener("change", paint);
}

export const useTheme = (): Theme => useStore(theme);
export const useZone = (): Zone => useStore(zone);
export const usePace = (): Pace => useStore(pace);
