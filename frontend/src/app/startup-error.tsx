/** The page for a console that cannot start, because its configuration is missing or invalid. */

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { toSentence } from "@/lib/format";

export function StartupError({ message }: { message: string }) {
  return (
    <main className="sign-in">
      <Alert
        type="error"
        header="The console failed to start"
        action={<Button onClick={() => location.reload()}>Try again</Button>}
      >
        {toSentence(message)} Contact the administrator of this deployment.
      </Alert>
    </main>
  );
}
