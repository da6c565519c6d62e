/** The retry dialog for a job with dead letters. Explains why there is nothing to retry if the job has not failed. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { ProblemAlert } from "@/components/problem-alert";
import { describeCause, useFailures } from "@/features/failures/api";
import type { Job } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { isOpenJob, jobTitle, unfinishedTasks } from "@/lib/job";
import { useJobSnapshot } from "./api";
import { RetryDialog } from "./retry-dialog";

/** The error type of tasks whose workers died too often. */
const WORKER_DIED = "WorkerDied";

export interface RetryDeadLettersDialogProps {
  jobId: string;
  /** Whether the messages are dead letters because workers died. Then only the tasks with that error are retried. */
  workerDied: boolean;
  onClose: () => void;
}

export function RetryDeadLettersDialog({ jobId, workerDied, onClose }: RetryDeadLettersDialogProps) {
  const { data: job, error, isError } = useJobSnapshot(jobId);
  const failed = job?.status === "FAILED";
  const failures = useFailures(jobId, { enabled: failed && workerDied });
  if (job && failed && (!workerDied || !failures.isPending)) {
    const cause = workerDied ? failures.data?.items.find((each) => each.error_type === WORKER_DIED) : undefined;
    const selected = cause ? { cause: { fingerprint: cause.cause, description: describeCause(cause) } } : {};
    return (
      <RetryDialog
        job={job}
        tasks={cause?.count ?? job.counts.failed + job.counts.cancelled}
        canaryByDefault
        onClose={onClose}
        {...selected}
      />
    );
  }
  return (
    <Modal
      visible
      header="Retry failed tasks"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button onClick={onClose}>Close</Button>
        </Box>
      }
    >
      {isError ? (
        <ProblemAlert error={error} />
      ) : job && !failed ? (
        nothingToRetry(job)
      ) : (
        <StatusIndicator type="loading">Loading job</StatusIndicator>
      )}
    </Modal>
  );
}

function nothingToRetry(job: Job): string {
  if (isOpenJob(job)) {
    return `${jobTitle(job)} has not ended. It has ${pluralize(unfinishedTasks(job), "unfinished task")}, and Shoal has sent its chunks again. You can retry failed tasks after the job has ended.`;
  }
  return `${jobTitle(job)} is ${job.status.toLowerCase()}, with ${pluralize(job.counts.completed, "completed task")}. There are no failed tasks to retry.`;
}
