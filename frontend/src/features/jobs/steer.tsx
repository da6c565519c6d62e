/** The confirmation of each verb: it says what will happen to how many tasks. */

import { Confirm } from "@/components/confirm";
import type { Job } from "@/lib/api/types";
import { number, plural } from "@/lib/format";
import { titleOf, unfinished, useSteer, type Verb, VERB_NAMES } from "./api";

function effect(verb: Verb, job: Job): string {
  const { counts } = job;
  switch (verb) {
    case "cancel":
      return `${plural(unfinished(job), "task")} that ${unfinished(job) === 1 ? "has" : "have"} not ended will be cancelled; what runs is told to stop. ${plural(counts.completed, "result")} already there ${counts.completed === 1 ? "stays" : "stay"}. A cancelled job cannot be resumed or retried.`;
    case "pause":
      return `No further chunk begins. What runs now goes on to its end: ${plural(counts.running, "task")}. Clocks of the deadline stand still until you resume.`;
    case "resume":
      return `${plural(counts.pending + counts.retrying, "task")} that wait may begin again.`;
    case "retry":
      return `${plural(counts.failed + counts.cancelled, "task")} that did not complete will run again, as generation ${number(job.generation + 1)}, with fresh attempts. ${plural(counts.completed, "result")} already there ${counts.completed === 1 ? "stays" : "stay"}.`;
  }
}

const QUESTIONS: Record<Verb, (title: string) => string> = {
  cancel: (title) => `Cancel ${title}?`,
  pause: (title) => `Pause ${title}?`,
  resume: (title) => `Resume ${title}?`,
  retry: (title) => `Retry what failed of ${title}?`,
};

export function SteerConfirm({ verb, job, onClose }: { verb: Verb; job: Job; onClose: () => void }) {
  const steer = useSteer();
  return (
    <Confirm
      header={QUESTIONS[verb](titleOf(job))}
      verb={verb === "cancel" ? "Cancel job" : VERB_NAMES[verb]}
      busy={steer.isPending}
      onDismiss={onClose}
      onConfirm={() => steer.mutate({ verb, job }, { onSettled: onClose })}
    >
      {effect(verb, job)}
    </Confirm>
  );
}
