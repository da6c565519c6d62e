/** A session that has ended, over the page as it is: signing in again happens in a window beside. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { connection } from "@/lib/api/connection";
import { usePlatform } from "@/lib/api/context";
import { useStore } from "@/lib/store";

export function SessionExpiredDialog() {
  const { auth } = usePlatform();
  const queries = useQueryClient();
  const { state } = useStore(connection);
  const [waiting, setWaiting] = useState(false);
  if (state !== "expired") return null;

  async function beside(): Promise<void> {
    setWaiting(true);
    const done = await auth.signInBeside().catch(() => false);
    setWaiting(false);
    if (!done) return;
    connection.set({ state: "fine" });
    await queries.invalidateQueries();
  }

  return (
    <Modal
      visible
      header="Your session has ended"
      onDismiss={() => undefined}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={() => void auth.signIn(location.pathname + location.search)}>
              Sign in on this page
            </Button>
            <Button variant="primary" loading={waiting} onClick={() => void beside()}>
              Sign in again
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      Sign in again in a window beside. This page stays as it is, with all that you filled in.
    </Modal>
  );
}
