/** One verb on many jobs: those that it fits, a few at a time, with progress. */

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Confirm } from "@/components/confirm";
import { useApi } from "@/lib/api/context";
import type { Job } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { tell } from "@/lib/notices";
import { Problem } from "@/lib/api/problem";
import { allowed, steered, titleOf, unfinished, type Verb, VERB_NAMES } from "./api";

const AT_ONCE = 4;

export function BulkConfirm({ verb, jobs, onClose }: { verb: Verb; jobs: Job[]; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const fitting = jobs.filter((job) => allowed(job)[verb]);
  const left = jobs.length - fitting.length;
  const tasks = fitting.reduce((sum, job) => sum + (verb === "retry" ? job.counts.failed : unfinished(job)), 0);

  async function run(): Promise<void> {
    setBusy(true);
    onClose();
    const id = tell({ type: "in-progress", header: `${VERB_NAMES[verb]}: 0 of ${plural(fitting.length, "job")}` });
    const failures: string[] = [];
    let done = 0;
    const queue = [...fitting];
    const work = async (): Promise<void> => {
      for (let job = queue.shift(); job; job = queue.shift()) {
        try {
          await steered(api, verb, job.id);
        } catch (error) {
          failures.push(`${titleOf(job)}: ${error instanceof Problem ? error.detail : String(error)}`);
        }
        done += 1;
        tell({ id, type: "in-progress", header: `${VERB_NAMES[verb]}: ${done} of ${plural(fitting.length, "job")}` });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await queries.invalidateQueries();
    tell({
      id,
      type: failures.length ? "warning" : "success",
      header: `${VERB_NAMES[verb]}: ${done - failures.length} of ${plural(fitting.length, "job")} done`,
      ...(failures.length ? { content: failures.slice(0, 5).join("; ") } : {}),
    });
  }

  return (
    <Confirm
      header={`${VERB_NAMES[verb]}: ${plural(fitting.length, "job")}?`}
      verb={`${VERB_NAMES[verb]}: ${plural(fitting.length, "job")}`}
      busy={busy}
      ready={fitting.length > 0}
      onConfirm={() => void run()}
      onDismiss={onClose}
    >
      It concerns {plural(tasks, "task")} of {plural(fitting.length, "job")}.
      {left > 0 &&
        ` ${plural(left, "other selected job")} cannot do it in ${left === 1 ? "its" : "their"} state and will be left alone.`}
    </Confirm>
  );
}
