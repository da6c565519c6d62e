/** The menu of actions on all jobs that match the filter, on all pages. Each action counts the jobs first. */

import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useEffect, useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { ProblemAlert } from "@/components/problem-alert";
import type { BulkAction, BulkFilter, BulkVerb } from "@/lib/api/types";
import { formatTime, pluralize, toSentence } from "@/lib/format";
import { useTimeZone } from "@/lib/preferences";
import { useBulkAction, useStartBulkAction } from "./api";
import { BULK_ACTION_LABELS, describeBulkEffect, describeFilter, labelForJobs } from "./descriptions";

export interface BulkActionMenuProps {
  /** The filter at a time, or null without a filter. Bulk actions never apply to all jobs of a tenant. */
  filterAt: (now: number) => BulkFilter | null;
  onStarted: (action: BulkAction, total: number) => void;
  onHistory: () => void;
}

export function BulkActionMenu({ filterAt, onStarted, onHistory }: BulkActionMenuProps) {
  const [pending, setPending] = useState<{ action: BulkVerb; filter: BulkFilter } | null>(null);
  const filtered = filterAt(0) !== null;
  const confirm = (action: BulkVerb): void => {
    const filter = filterAt(Date.now());
    if (filter) setPending({ action, filter });
  };
  return (
    <>
      <ButtonDropdown
        expandToViewport
        items={[
          ...(Object.keys(BULK_ACTION_LABELS) as BulkVerb[]).map((action) => ({
            id: action,
            text: BULK_ACTION_LABELS[action],
            disabled: !filtered,
            disabledReason: "Set a filter first",
          })),
          { id: "history", text: "View bulk actions" },
        ]}
        onItemClick={({ detail }) => {
          if (detail.id === "history") onHistory();
          else confirm(detail.id as BulkVerb);
        }}
      >
        Bulk actions
      </ButtonDropdown>
      {pending && <BulkActionDialog {...pending} onClose={() => setPending(null)} onStarted={onStarted} />}
    </>
  );
}

interface BulkActionDialogProps {
  action: BulkVerb;
  filter: BulkFilter;
  onClose: () => void;
  onStarted: (action: BulkAction, total: number) => void;
}

/** Counts the jobs with a dry run, then asks for confirmation. */
function BulkActionDialog({ action, filter, onClose, onStarted }: BulkActionDialogProps) {
  const zone = useTimeZone();
  const [keys] = useState(() => ({ dryRun: crypto.randomUUID(), run: crypto.randomUUID() }));
  const { mutate: startDryRun, data: started, error: dryRunError } = useStartBulkAction();
  const run = useStartBulkAction();
  useEffect(
    () => startDryRun({ action, filter, dryRun: true, key: keys.dryRun }),
    [startDryRun, action, filter, keys.dryRun],
  );
  const progress = useBulkAction(started?.id);
  const dryRun = progress.data ?? started;
  const total = dryRun?.done ?? 0;
  const counted = dryRun !== undefined && dryRun.status !== "RUNNING";
  const error = dryRunError ?? progress.error ?? run.error;
  const jobs = pluralize(total, "job");
  return (
    <ConfirmDialog
      header={`${labelForJobs(action, "all matching jobs")}?`}
      confirmLabel={counted ? labelForJobs(action, jobs) : BULK_ACTION_LABELS[action]}
      loading={run.isPending}
      canConfirm={counted && total > 0 && dryRun.status === "COMPLETED"}
      onDismiss={onClose}
      onConfirm={() =>
        run.mutate(
          { action, filter, dryRun: false, key: keys.run },
          { onSuccess: (bulkAction) => onStarted(bulkAction, total) },
        )
      }
    >
      <SpaceBetween size="m">
        <div className="break">Filter: {describeFilter(filter, (at) => formatTime(at, zone))}</div>
        {error ? (
          <ProblemAlert error={error} />
        ) : counted ? (
          <div aria-live="polite">{total ? describeBulkEffect(action, total) : "No jobs match the filter."}</div>
        ) : (
          <StatusIndicator type="loading">Counting jobs: {jobs} so far</StatusIndicator>
        )}
        {dryRun?.status === "FAILED" && <div>Counting failed: {toSentence(dryRun.reason ?? "unknown error")}</div>}
      </SpaceBetween>
    </ConfirmDialog>
  );
}
