/** Run again what failed of a job that has dead letters, a few first; or say why there is nothing to run. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { ProblemAlert } from "@/components/problem-alert";
import { isActive } from "@/components/status-indicators";
import { describeCause, failuresQuery } from "@/features/failures/api";
import { useApi } from "@/lib/api/context";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { jobQuery, jobTitle } from "./api";
import { RetryDialog } from "./retry-dialog";

/** The error of tasks whose workers died too often. */
const DIED = "WorkerDied";

export interface RetryDeadLettersDialogProps {
  jobId: string;
  /** Whether its letters are of workers that died, so that those tasks are meant. */
  died: boolean;
  onClose: () => void;
}

export function RetryDeadLettersDialog({ jobId, died, onClose }: RetryDeadLettersDialogProps) {
  const api = useApi();
  const found = useQuery(jobQuery(api, jobId));
  const job = found.data;
  const failed = job?.status === "FAILED";
  const causes = useQuery({ ...failuresQuery(api, jobId), enabled: failed && died });
  if (job && failed && (!died || !causes.isPending)) {
    const cause = died ? causes.data?.items.find((each) => each.error_type === DIED) : undefined;
    const chosen = cause ? { cause: { fingerprint: cause.cause, description: describeCause(cause) } } : {};
    return (
      <RetryDialog
        job={job}
        tasks={cause?.count ?? job.counts.failed + job.counts.cancelled}
        canaryByDefault
        onClose={onClose}
        {...chosen}
      />
    );
  }
  return (
    <Modal
      visible
      header="Retry what failed"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button onClick={onClose}>Close</Button>
        </Box>
      }
    >
      {found.isError ? (
        <ProblemAlert error={found.error} />
      ) : job && !failed ? (
        nothing(job)
      ) : (
        <StatusIndicator type="loading">Loading the job</StatusIndicator>
      )}
    </Modal>
  );
}

function nothing(job: Job): string {
  if (isActive(job)) {
    const left = job.counts.pending + job.counts.running + job.counts.retrying;
    return `${jobTitle(job)} is under way with ${pluralize(left, "task")} left, and its chunks were sent again by themselves. What fails can be retried when it has ended.`;
  }
  return `${jobTitle(job)} is ${job.status.toLowerCase()} with ${pluralize(job.counts.completed, "task")} completed; nothing of it can be retried.`;
}
