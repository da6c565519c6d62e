import { Shell } from "@/app/shell";
import { DeadLetters } from "@/features/dead-letters/dead-letters";

export default function DeadLettersScreen() {
  return (
    <Shell crumbs={[{ text: "Dead letters", href: "/dead-letters" }]} contentType="table">
      <DeadLetters />
    </Shell>
  );
}
