/** For whoever is not signed in: one button, and what went wrong if something did. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { Auth } from "@/lib/auth/oidc";
import type { Config } from "@/lib/config";
import { toSentence } from "@/lib/notifications";

export function SignIn({ auth, config, refused }: { auth: Auth; config: Config; refused: string | null }) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(refused);

  async function go(): Promise<void> {
    setBusy(true);
    try {
      await auth.signIn(location.pathname + location.search);
    } catch (error) {
      setFailed(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <Container
        header={
          <Header variant="h1" description={config.stage ? `Stage ${config.stage}` : ""}>
            Shoal
          </Header>
        }
      >
        <SpaceBetween size="l">
          {failed && (
            <Alert type="error" header="You are not signed in">
              {toSentence(failed)}
            </Alert>
          )}
          <Box>See your jobs, a million tasks at a time, and steer them.</Box>
          <Button variant="primary" fullWidth loading={busy} onClick={() => void go()}>
            Sign in
          </Button>
          <Box variant="small" color="text-body-secondary">
            You sign in at <span className="mono">{new URL(config.issuer).host}</span> and come back to this page.
          </Box>
        </SpaceBetween>
      </Container>
    </main>
  );
}
