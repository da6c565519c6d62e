import { PageLayout } from "@/app/page-layout";
import { SCREENS } from "@/app/screens";
import { DeadLettersTable } from "@/features/dead-letters/dead-letters-table";
import { RetryDeadLettersDialog } from "@/features/jobs/retry-dead-letters-dialog";

export default function DeadLettersScreen() {
  return (
    <PageLayout breadcrumbs={[SCREENS.deadLetters]} contentType="table">
      <DeadLettersTable
        renderRetryDialog={({ job_id: jobId, cause }, onClose) => (
          <RetryDeadLettersDialog jobId={jobId} workerDied={cause === "WORKER_DIED"} onClose={onClose} />
        )}
      />
    </PageLayout>
  );
}
