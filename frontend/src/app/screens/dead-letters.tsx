import { PageLayout } from "@/app/page-layout";
import { DeadLettersTable } from "@/features/dead-letters/dead-letters-table";
import { RetryDeadLettersDialog } from "@/features/jobs/retry-dead-letters-dialog";

export default function DeadLettersScreen() {
  return (
    <PageLayout crumbs={[{ text: "Dead letters", href: "/dead-letters" }]} contentType="table">
      <DeadLettersTable
        renderRetry={({ job_id: id, cause }, onClose) => (
          <RetryDeadLettersDialog jobId={id} died={cause === "WORKER_DIED"} onClose={onClose} />
        )}
      />
    </PageLayout>
  );
}
