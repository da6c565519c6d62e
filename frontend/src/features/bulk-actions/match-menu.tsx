/** What can be done to all jobs of a filter, on however many pages: counted, confirmed, begun. */

import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Confirm } from "@/components/confirm";
import { ProblemAlert } from "@/components/problem-alert";
import { useApi } from "@/lib/api/context";
import type { BulkAction, BulkFilter, BulkVerb } from "@/lib/api/types";
import { plural, time } from "@/lib/format";
import { useZone } from "@/lib/preferences";
import { begun, BULK_WORDS, bulkActionQuery } from "./api";
import { bulkEffect, filterWords } from "./words";

const COUNT_EVERY = 1_000;

export interface MatchMenuProps {
  /** Which jobs, at a moment; null while no filter is set, since all jobs of a tenant are never meant. */
  filterAt: (now: number) => BulkFilter | null;
  onBegun: (action: BulkAction, total: number) => void;
  onPast: () => void;
}

export function MatchMenu({ filterAt, onBegun, onPast }: MatchMenuProps) {
  const [asking, setAsking] = useState<{ verb: BulkVerb; filter: BulkFilter } | null>(null);
  const filtered = filterAt(0) !== null;
  const ask = (verb: BulkVerb): void => {
    const filter = filterAt(Date.now());
    if (filter) setAsking({ verb, filter });
  };
  return (
    <>
      <ButtonDropdown
        expandToViewport
        items={[
          ...(Object.keys(BULK_WORDS) as BulkVerb[]).map((verb) => ({
            id: verb,
            text: BULK_WORDS[verb],
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
      {asking && <MatchConfirm {...asking} onClose={() => setAsking(null)} onBegun={onBegun} />}
    </>
  );
}

interface MatchConfirmProps {
  verb: BulkVerb;
  filter: BulkFilter;
  onClose: () => void;
  onBegun: (action: BulkAction, total: number) => void;
}

/** Counts the jobs by a dry run, then asks. */
function MatchConfirm({ verb, filter, onClose, onBegun }: MatchConfirmProps) {
  const api = useApi();
  const zone = useZone();
  const [keys] = useState(() => ({ count: crypto.randomUUID(), act: crypto.randomUUID() }));
  const {
    mutate: count,
    data: counting,
    error: refused,
  } = useMutation({
    mutationFn: () => begun(api, { action: verb, filter, dryRun: true, key: keys.count }),
  });
  const act = useMutation({
    mutationFn: () => begun(api, { action: verb, filter, dryRun: false, key: keys.act }),
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
  const jobs = plural(total, "job");
  return (
    <Confirm
      header={`${BULK_WORDS[verb]}: all jobs that match?`}
      verb={whole ? `${BULK_WORDS[verb]}: ${jobs}` : BULK_WORDS[verb]}
      busy={act.isPending}
      ready={whole && total > 0 && counted.status === "COMPLETED"}
      onDismiss={onClose}
      onConfirm={() => act.mutate()}
    >
      <SpaceBetween size="m">
        <div className="break">Jobs by this filter: {filterWords(filter, (at) => time(at, zone))}.</div>
        {error ? (
          <ProblemAlert error={error} />
        ) : whole ? (
          <div aria-live="polite">{total ? bulkEffect(verb, total) : "No job matches any more."}</div>
        ) : (
          <StatusIndicator type="loading">Counting the jobs: {jobs} so far</StatusIndicator>
        )}
        {counted?.status === "FAILED" && <div>They could not be counted: {counted.reason}</div>}
      </SpaceBetween>
    </Confirm>
  );
}
