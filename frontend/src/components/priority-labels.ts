/** The labels of priorities. */

import type { Priority } from "@/lib/api/types";

export const PRIORITY_LABELS: Record<Priority, string> = { high: "High", normal: "Normal", low: "Low" };
