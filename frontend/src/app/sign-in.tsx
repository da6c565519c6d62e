/** The sign-in page, with the error of a failed sign-in. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { Auth } from "@/lib/auth/oidc";
import type { Config } from "@/lib/config";
import { toSentence } from "@/lib/format";

export function SignIn({ auth, config, error }: { auth: Auth; config: Config; error: string | null }) {
  const [signingIn, setSigningIn] = useState(false);
  const [currentError, setCurrentError] = useState(error);

  async function signIn(): Promise<void> {
    setSigningIn(true);
    try {
      await auth.signIn(location.pathname + location.search);
    } catch (failure) {
      setCurrentError(failure instanceof Error ? failure.message : String(failure));
      setSigningIn(false);
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
          {currentError && (
            <Alert type="error" header="Sign-in failed">
              {toSentence(currentError)}
            </Alert>
          )}
          <Box>Submit, monitor and manage jobs of up to a million tasks.</Box>
          <Button variant="primary" fullWidth loading={signingIn} onClick={() => void signIn()}>
            Sign in
          </Button>
          <Box variant="small" color="text-body-secondary">
            You sign in at <span className="mono">{new URL(config.issuer).host}</span> and return to this page.
          </Box>
        </SpaceBetween>
      </Container>
    </main>
  );
}
