/** Retry failed tasks, all or of one cause; a few first, if one is not sure that the cause is mended. */

import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import { Confirm } from "@/components/confirm";
import type { Job } from "@/lib/api/types";
import { number, plural } from "@/lib/format";
import { titleOf, useRetrySome } from "./api";

/** The share that goes first, and how much of it has to succeed. */
const CANARY = { share: 0.01, bar: 0.9 };

export interface RetryConfirmProps {
  job: Job;
  tasks: number;
  /** Of one cause alone: its fingerprint, and what went wrong. */
  cause?: { fingerprint: string; words: string };
  onClose: () => void;
}

export function RetryConfirm({ job, tasks, cause, onClose }: RetryConfirmProps) {
  const retry = useRetrySome();
  const [canary, setCanary] = useState(false);
  const first = Math.max(1, Math.round(tasks * CANARY.share));
  const selection = { ...(cause ? { cause: cause.fingerprint } : {}), ...(canary ? { canary: CANARY } : {}) };
  return (
    <Confirm
      header={cause ? `Retry ${plural(tasks, "task")}?` : `Retry what failed of ${titleOf(job)}?`}
      verb={cause ? "Retry these" : "Retry failed"}
      busy={retry.isPending}
      onDismiss={onClose}
      onConfirm={() => retry.mutate({ job, selection }, { onSettled: onClose })}
    >
      <SpaceBetween size="m">
        <div>
          {cause
            ? `${plural(tasks, "task")} that failed with ${cause.words} will run again, as generation ${number(job.generation + 1)}. All others stay as they are.`
            : `${plural(tasks, "task")} that did not complete will run again, as generation ${number(job.generation + 1)}, with fresh attempts. ${plural(job.counts.completed, "result")} already there ${job.counts.completed === 1 ? "stays" : "stay"}.`}
        </div>
        <Toggle
          checked={canary}
          onChange={({ detail }) => setCanary(detail.checked)}
          description={`${plural(first, "task")} first; the rest follows by itself if ${CANARY.bar * 100} % of those succeed.`}
        >
          Try a few first
        </Toggle>
      </SpaceBetween>
    </Confirm>
  );
}
