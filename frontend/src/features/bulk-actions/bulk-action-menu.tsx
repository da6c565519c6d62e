/** What can be done to all jobs of a filter, on however many pages: counted, confirmed, begun. */

import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { ProblemAlert } from "@/components/problem-alert";
import { useApi } from "@/lib/api/context";
import type { BulkAction, BulkFilter, BulkVerb } from "@/lib/api/types";
import { pluralize, formatTime } from "@/lib/format";
import { useTimeZone } from "@/lib/preferences";
import { startBulkAction, BULK_ACTION_LABELS, bulkActionQuery } from "./api";
import { describeBulkEffect, describeFilter } from "./descriptions";

const COUNT_EVERY = 1_000;

export interface BulkActionMenuProps {
  /** Which jobs, at a moment; null while no filter is set, since all jobs of a tenant are never meant. */
  filterAt: (now: number) => BulkFilter | null;
  onStarted: (action: BulkAction, total: number) => void;
  onHistory: () => void;
}

export function BulkActionMenu({ filterAt, onStarted: onBegun, onHistory: onPast }: BulkActionMenuProps) {
  const [asking, setAsking] = useState<{ action: BulkVerb; filter: BulkFilter } | null>(null);
  const filtered = filterAt(0) !== null;
  const ask = (action: BulkVerb): void => {
    const filter = filterAt(Date.now());
    if (filter) setAsking({ action, filter });
  };
  return (
    <>
      <ButtonDropdown
        expandToViewport
        items={[
          ...(Object.keys(BULK_ACTION_LABELS) as BulkVerb[]).map((verb) => ({
            id: verb,
            text: BULK_ACTION_LABELS[verb],
            disabled: !filtered,
            disabledReason: "Set a filter first",
          })),
          { id: "past", text: "Past bulk actions" },
        ]}
        onItemClick={({ detail }) => {
          if (detail.id === "past") onPast();
          else ask(detail.id as BulkVerb);
        }}
      >
        All that match
      </ButtonDropdown>
      {asking && <BulkActionDialog {...asking} onClose={() => setAsking(null)} onStarted={onBegun} />}
    </>
  );
}

interface BulkActionDialogProps {
  action: BulkVerb;
  filter: BulkFilter;
  onClose: () => void;
  onStarted: (action: BulkAction, total: number) => void;
}

/** Counts the jobs by a dry run, then asks. */
function BulkActionDialog({ action: verb, filter, onClose, onStarted: onBegun }: BulkActionDialogProps) {
  const api = useApi();
  const zone = useTimeZone();
  const [keys] = useState(() => ({ count: crypto.randomUUID(), act: crypto.randomUUID() }));
  const {
    mutate: count,
    data: counting,
    error: refused,
  } = useMutation({
    mutationFn: () => startBulkAction(api, { action: verb, filter, dryRun: true, key: keys.count }),
  });
  const act = useMutation({
    mutationFn: () => startBulkAction(api, { action: verb, filter, dryRun: false, key: keys.act }),
    onSuccess: (action) => onBegun(action, total),
  });
  useEffect(() => count(), [count]);
  const found = useQuery({
    ...bulkActionQuery(api, counting?.id ?? ""),
    enabled: counting !== undefined,
    refetchInterval: (query) => (query.state.data && query.state.data.status !== "RUNNING" ? false : COUNT_EVERY),
  });
  const counted = found.data ?? counting;
  const total = counted?.done ?? 0;
  const whole = counted !== undefined && counted.status !== "RUNNING";
  const error = refused ?? found.error ?? act.error;
  const jobs = pluralize(total, "job");
  return (
    <ConfirmDialog
      header={`${BULK_ACTION_LABELS[verb]}: all jobs that match?`}
      confirmLabel={whole ? `${BULK_ACTION_LABELS[verb]}: ${jobs}` : BULK_ACTION_LABELS[verb]}
      loading={act.isPending}
      canConfirm={whole && total > 0 && counted.status === "COMPLETED"}
      onDismiss={onClose}
      onConfirm={() => act.mutate()}
    >
      <SpaceBetween size="m">
        <div className="break">Jobs by this filter: {describeFilter(filter, (at) => formatTime(at, zone))}.</div>
        {error ? (
          <ProblemAlert error={error} />
        ) : whole ? (
          <div aria-live="polite">{total ? describeBulkEffect(verb, total) : "No job matches any more."}</div>
        ) : (
          <StatusIndicator type="loading">Counting the jobs: {jobs} so far</StatusIndicator>
        )}
        {counted?.status === "FAILED" && <div>They could not be counted: {counted.reason}</div>}
      </SpaceBetween>
    </ConfirmDialog>
  );
}
