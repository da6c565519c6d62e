/** The dialog for an expired session. The user signs in again in another window, and the page keeps its state. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { connection } from "@/lib/api/connection";
import { usePlatform } from "@/lib/api/context";
import { useRefresh } from "@/lib/query";
import { useStore } from "@/lib/store";

export function SessionExpiredDialog() {
  const { auth } = usePlatform();
  const { refresh } = useRefresh();
  const { state } = useStore(connection);
  const [signingIn, setSigningIn] = useState(false);
  if (state !== "expired") return null;

  async function signInWithPopup(): Promise<void> {
    setSigningIn(true);
    const signedIn = await auth.signInWithPopup().catch(() => false);
    setSigningIn(false);
    if (!signedIn) return;
    connection.set({ state: "ok" });
    await refresh();
  }

  return (
    <Modal
      visible
      header="Your session has expired"
      onDismiss={() => undefined}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={() => void auth.signIn(location.pathname + location.search)}>
              Sign in on this page
            </Button>
            <Button variant="primary" loading={signingIn} onClick={() => void signInWithPopup()}>
              Sign in again
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      Sign in again in a new window to continue. This page keeps everything you entered.
    </Modal>
  );
}
