/** The labels of themes. */

import type { Theme } from "@/lib/preferences";

export const THEME_LABELS: Record<Theme, string> = { system: "System", light: "Light", dark: "Dark" };
