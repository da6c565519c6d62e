/** A form that retries failed tasks: all or those of one cause, at once or with a canary. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { describeCause, useFailures } from "@/features/failures/api";
import type { Cause, Job } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { jobTitle } from "@/lib/job";
import { useRetryTasks } from "./api";
import { describeRetry, parsePercent } from "./retry-descriptions";

export interface SelectedCause {
  fingerprint: string;
  description: string;
}

export interface RetryDialogProps {
  job: Job;
  tasks: number;
  /** Retries only the tasks of this cause. Otherwise the user can choose a cause. */
  cause?: SelectedCause;
  canaryByDefault?: boolean;
  onClose: () => void;
}

export function RetryDialog({ job, tasks, cause: fixedCause, canaryByDefault = false, onClose }: RetryDialogProps) {
  const retryTasks = useRetryTasks();
  const [byCause, setByCause] = useState(false);
  const [chosenCause, setChosenCause] = useState<SelectedCause | null>(null);
  const [useCanary, setUseCanary] = useState(canaryByDefault);
  const [shareText, setShareText] = useState("1");
  const [barText, setBarText] = useState("90");
  const { data, isPending, isError } = useFailures(job.id, {
    enabled: !fixedCause && (byCause || job.discards.length > 0),
  });
  const causes = data?.items ?? [];
  const cause = fixedCause ?? (byCause ? chosenCause : null);
  const discarded = causes.reduce((sum, each) => sum + each.discarded, 0);
  const countOf = ({ fingerprint }: SelectedCause): number =>
    causes.find((each) => each.cause === fingerprint)?.count ?? 0;
  const count = fixedCause ? tasks : cause ? countOf(cause) : tasks - discarded;
  const share = parsePercent(shareText, { allowZero: false });
  const bar = parsePercent(barText, { allowZero: true });
  const canary = useCanary && share !== null && bar !== null ? { share, bar } : null;
  const valid = (!byCause || cause !== null) && (!useCanary || canary !== null) && count > 0;
  const selection = { ...(cause ? { cause: cause.fingerprint } : {}), ...(canary ? { canary } : {}) };
  return (
    <ConfirmDialog
      header={fixedCause ? `Retry ${pluralize(tasks, "task")}?` : `Retry failed tasks of ${jobTitle(job)}?`}
      confirmLabel={fixedCause ? "Retry tasks" : "Retry failed tasks"}
      loading={retryTasks.isPending}
      canConfirm={valid}
      onDismiss={onClose}
      onConfirm={() => retryTasks.mutate({ job, selection }, { onSettled: onClose })}
    >
      <SpaceBetween size="m">
        <div aria-live="polite">
          {byCause && !cause
            ? "Choose the cause that you fixed."
            : describeRetry({
                tasks: count,
                cause: cause?.description ?? null,
                discarded,
                completed: job.counts.completed,
                generation: job.generation + 1,
                canary,
              })}
        </div>
        {!fixedCause && job.counts.failed > 0 && (
          <FormField label="Tasks to retry" stretch>
            <SpaceBetween size="xs">
              <RadioGroup
                value={byCause ? "cause" : "all"}
                items={[
                  { value: "all", label: `All tasks that did not complete (${formatNumber(tasks - discarded)})` },
                  { value: "cause", label: "Tasks with a specific cause" },
                ]}
                onChange={({ detail }) => setByCause(detail.value === "cause")}
              />
              {byCause && (
                <CauseSelect causes={causes} loading={isPending} selected={chosenCause} onSelect={setChosenCause} />
              )}
            </SpaceBetween>
          </FormField>
        )}
        <FormField label="Rollout" stretch>
          <RadioGroup
            value={useCanary ? "canary" : "all"}
            items={[
              { value: "all", label: "All at once" },
              {
                value: "canary",
                label: "Canary first",
                description: "Runs a few tasks first. The others run if enough of them complete.",
              },
            ]}
            onChange={({ detail }) => setUseCanary(detail.value === "canary")}
          />
        </FormField>
        {useCanary && (
          <div className="columns">
            <FormField
              label="Canary size (%)"
              {...(share === null
                ? { errorText: "Enter a number greater than 0 and at most 100" }
                : { constraintText: "At least one task" })}
            >
              <Input
                value={shareText}
                inputMode="decimal"
                onChange={({ detail }) => setShareText(detail.value.trim())}
              />
            </FormField>
            <FormField
              label="Required success rate (%)"
              {...(bar === null
                ? { errorText: "Enter a number from 0 to 100" }
                : { constraintText: "Share of canary tasks that must complete" })}
            >
              <Input value={barText} inputMode="decimal" onChange={({ detail }) => setBarText(detail.value.trim())} />
            </FormField>
          </div>
        )}
        {isError && <StatusIndicator type="error">Could not load the causes</StatusIndicator>}
      </SpaceBetween>
    </ConfirmDialog>
  );
}

interface CauseSelectProps {
  causes: Cause[];
  loading: boolean;
  selected: SelectedCause | null;
  onSelect: (cause: SelectedCause | null) => void;
}

function CauseSelect({ causes, loading, selected, onSelect }: CauseSelectProps) {
  return (
    <Select
      ariaLabel="Cause"
      placeholder="Choose a cause"
      statusType={loading ? "loading" : "finished"}
      loadingText="Loading causes"
      empty="No failed tasks"
      selectedOption={selected ? { value: selected.fingerprint, label: selected.description } : null}
      options={causes.map((each) => ({
        value: each.cause,
        label: each.error_type,
        labelTag: pluralize(each.count, "task"),
        description: each.message,
      }))}
      onChange={({ detail }) => {
        const found = causes.find((each) => each.cause === detail.selectedOption.value);
        onSelect(found ? { fingerprint: found.cause, description: describeCause(found) } : null);
      }}
    />
  );
}
