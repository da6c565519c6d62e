/** The console cannot start: its configuration is not there. */

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";

export function StartupError({ why }: { why: string }) {
  return (
    <main className="sign-in">
      <Alert
        type="error"
        header="The console cannot start"
        action={<Button onClick={() => location.reload()}>Try again</Button>}
      >
        {why}. Whoever runs this deployment can mend it.
      </Alert>
    </main>
  );
}
