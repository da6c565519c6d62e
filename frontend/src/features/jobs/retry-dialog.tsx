/** Retry failed tasks, all or of one cause; a few first, if one is not sure that the cause is mended. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { describeCause, failuresQuery } from "@/features/failures/api";
import { useApi } from "@/lib/api/context";
import type { Job } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { jobTitle, useRetryTasks } from "./api";
import { describeRetry, parsePercent } from "./retry-descriptions";

export interface SelectedCause {
  fingerprint: string;
  description: string;
}

export interface RetryDialogProps {
  job: Job;
  tasks: number;
  /** Of one cause alone: its fingerprint, and what went wrong. */
  cause?: SelectedCause;
  /** Whether a few go first unless one says otherwise. */
  canaryByDefault?: boolean;
  onClose: () => void;
}

export function RetryDialog({ job, tasks, cause, canaryByDefault: careful = false, onClose }: RetryDialogProps) {
  const retry = useRetryTasks();
  const [picked, setPicked] = useState<SelectedCause | null>(null);
  const [bySome, setBySome] = useState(false);
  const [first, setFirst] = useState(careful);
  const [share, setShare] = useState("1");
  const [bar, setBar] = useState("90");
  const found = useQuery({
    ...failuresQuery(useApi(), job.id),
    enabled: !cause && (bySome || job.discards.length > 0),
  });
  const causes = found.data?.items ?? [];
  const of = cause ?? (bySome ? picked : null);
  const discarded = causes.reduce((sum, each) => sum + each.discarded, 0);
  const count = cause
    ? tasks
    : of
      ? (causes.find((each) => each.cause === of.fingerprint)?.count ?? 0)
      : tasks - discarded;
  const shares = { share: parsePercent(share, "above zero"), bar: parsePercent(bar, "zero") };
  const canary =
    first && shares.share !== null && shares.bar !== null ? { share: shares.share, bar: shares.bar } : null;
  const ready = (!bySome || of !== null) && (!first || canary !== null) && count > 0;
  const selection = { ...(of ? { cause: of.fingerprint } : {}), ...(canary ? { canary } : {}) };
  return (
    <ConfirmDialog
      header={cause ? `Retry ${pluralize(tasks, "task")}?` : `Retry what failed of ${jobTitle(job)}?`}
      confirmLabel={cause ? "Retry these" : "Retry failed"}
      loading={retry.isPending}
      canConfirm={ready}
      onDismiss={onClose}
      onConfirm={() => retry.mutate({ job, selection }, { onSettled: onClose })}
    >
      <SpaceBetween size="m">
        <div aria-live="polite">
          {bySome && !of
            ? "Choose the cause that is mended."
            : describeRetry({
                tasks: count,
                of: of?.description ?? null,
                discarded,
                completed: job.counts.completed,
                generation: job.generation + 1,
                canary,
              })}
        </div>
        {!cause && job.counts.failed > 0 && (
          <FormField label="Which tasks" stretch>
            <SpaceBetween size="xs">
              <RadioGroup
                value={bySome ? "cause" : "all"}
                items={[
                  { value: "all", label: `All that did not complete (${formatNumber(tasks - discarded)})` },
                  { value: "cause", label: "Those of one cause" },
                ]}
                onChange={({ detail }) => setBySome(detail.value === "cause")}
              />
              {bySome && (
                <Select
                  ariaLabel="Cause"
                  placeholder="Choose a cause"
                  statusType={found.isPending ? "loading" : "finished"}
                  loadingText="Grouping failures"
                  empty="No task has failed"
                  selectedOption={picked ? { value: picked.fingerprint, label: picked.description } : null}
                  options={causes.map((each) => ({
                    value: each.cause,
                    label: each.error_type,
                    labelTag: pluralize(each.count, "task"),
                    description: each.message,
                  }))}
                  onChange={({ detail }) => {
                    const one = causes.find((each) => each.cause === detail.selectedOption.value);
                    setPicked(one ? { fingerprint: one.cause, description: describeCause(one) } : null);
                  }}
                />
              )}
            </SpaceBetween>
          </FormField>
        )}
        <FormField label="How" stretch>
          <RadioGroup
            value={first ? "first" : "all"}
            items={[
              { value: "all", label: "All at once" },
              {
                value: "first",
                label: "A few first",
                description: "The rest follows by itself if enough of them complete.",
              },
            ]}
            onChange={({ detail }) => setFirst(detail.value === "first")}
          />
        </FormField>
        {first && <CanaryFields share={share} bar={bar} shares={shares} onShare={setShare} onBar={setBar} />}
        {found.isError && <StatusIndicator type="error">The causes could not be asked for</StatusIndicator>}
      </SpaceBetween>
    </ConfirmDialog>
  );
}

interface CanaryFieldsProps {
  share: string;
  bar: string;
  shares: { share: number | null; bar: number | null };
  onShare: (text: string) => void;
  onBar: (text: string) => void;
}

function CanaryFields({ share, bar, shares, onShare, onBar }: CanaryFieldsProps) {
  return (
    <div className="pair">
      <FormField
        label="Goes first, in %"
        {...(shares.share === null ? { errorText: "Over 0, at most 100" } : { constraintText: "At least one task" })}
      >
        <Input value={share} inputMode="decimal" onChange={({ detail }) => onShare(detail.value.trim())} />
      </FormField>
      <FormField
        label="Has to complete, in %"
        {...(shares.bar === null ? { errorText: "From 0 to 100" } : { constraintText: "Of those that go first" })}
      >
        <Input value={bar} inputMode="decimal" onChange={({ detail }) => onBar(detail.value.trim())} />
      </FormField>
    </div>
  );
}
