/** The title and the status of a bulk action. */

import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { BulkAction, BulkStatus } from "@/lib/api/types";
import { BULK_ACTION_LABELS } from "./descriptions";

export const BULK_STATUS_STYLES: Record<BulkStatus, { type: StatusIndicatorProps.Type; label: string }> = {
  RUNNING: { type: "in-progress", label: "Running" },
  COMPLETED: { type: "success", label: "Completed" },
  ABORTED: { type: "stopped", label: "Aborted" },
  FAILED: { type: "error", label: "Failed" },
};

export function BulkActionStatus({ bulkAction: { status, aborting } }: { bulkAction: BulkAction }) {
  const { type, label } = BULK_STATUS_STYLES[status];
  return <StatusIndicator type={type}>{status === "RUNNING" && aborting ? "Stopping" : label}</StatusIndicator>;
}

export const bulkActionTitle = ({ action, dry_run: dryRun }: BulkAction): string =>
  dryRun ? `${BULK_ACTION_LABELS[action]} (dry run)` : BULK_ACTION_LABELS[action];
