/** One verb on many jobs: those that it fits, a few at a time, with progress. */

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { useApi } from "@/lib/api/context";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { notify } from "@/lib/notifications";
import { Problem } from "@/lib/api/problem";
import { allowedActions, runJobAction, jobTitle, unfinishedTasks, type JobAction, JOB_ACTION_LABELS } from "./api";

const AT_ONCE = 4;

export function SelectedJobsDialog({ verb, jobs, onClose }: { verb: JobAction; jobs: Job[]; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const fitting = jobs.filter((job) => allowedActions(job)[verb]);
  const left = jobs.length - fitting.length;
  const tasks = fitting.reduce((sum, job) => sum + (verb === "retry" ? job.counts.failed : unfinishedTasks(job)), 0);

  async function run(): Promise<void> {
    setBusy(true);
    onClose();
    const id = notify({
      type: "in-progress",
      header: `${JOB_ACTION_LABELS[verb]}: 0 of ${pluralize(fitting.length, "job")}`,
    });
    const failures: string[] = [];
    let done = 0;
    const queue = [...fitting];
    const work = async (): Promise<void> => {
      for (let job = queue.shift(); job; job = queue.shift()) {
        try {
          await runJobAction(api, verb, job.id);
        } catch (error) {
          failures.push(`${jobTitle(job)}: ${error instanceof Problem ? error.detail : String(error)}`);
        }
        done += 1;
        notify({
          id,
          type: "in-progress",
          header: `${JOB_ACTION_LABELS[verb]}: ${done} of ${pluralize(fitting.length, "job")}`,
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await queries.invalidateQueries();
    notify({
      id,
      type: failures.length ? "warning" : "success",
      header: `${JOB_ACTION_LABELS[verb]}: ${done - failures.length} of ${pluralize(fitting.length, "job")} done`,
      ...(failures.length ? { content: failures.slice(0, 5).join("; ") } : {}),
    });
  }

  return (
    <ConfirmDialog
      header={`${JOB_ACTION_LABELS[verb]}: ${pluralize(fitting.length, "job")}?`}
      confirmLabel={`${JOB_ACTION_LABELS[verb]}: ${pluralize(fitting.length, "job")}`}
      loading={busy}
      canConfirm={fitting.length > 0}
      onConfirm={() => void run()}
      onDismiss={onClose}
    >
      It concerns {pluralize(tasks, "task")} of {pluralize(fitting.length, "job")}.
      {left > 0 &&
        ` ${pluralize(left, "other selected job")} cannot do it in ${left === 1 ? "its" : "their"} state and will be left alone.`}
    </ConfirmDialog>
  );
}
