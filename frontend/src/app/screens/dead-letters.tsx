import { Shell } from "@/app/shell";
import { DeadLetters } from "@/features/dead-letters/dead-letters";
import { Redrive } from "@/features/jobs/redrive";

export default function DeadLettersScreen() {
  return (
    <Shell crumbs={[{ text: "Dead letters", href: "/dead-letters" }]} contentType="table">
      <DeadLetters
        renderRetry={({ job_id: id, cause }, onClose) => (
          <Redrive jobId={id} died={cause === "WORKER_DIED"} onClose={onClose} />
        )}
      />
    </Shell>
  );
}
