/** Asks before something is done, and says what it will do. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";

export interface ConfirmProps {
  header: string;
  /** What will be, in a sentence. */
  children: ReactNode;
  /** The verb on the button. */
  verb: string;
  busy: boolean;
  /** False while what was filled in cannot be sent. */
  ready?: boolean;
  onConfirm: () => void;
  onDismiss: () => void;
}

export function Confirm({ header, children, verb, busy, ready = true, onConfirm, onDismiss }: ConfirmProps) {
  return (
    <Modal
      visible
      header={header}
      onDismiss={onDismiss}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>
              Back
            </Button>
            <Button variant="primary" loading={busy} disabled={!ready} onClick={onConfirm}>
              {verb}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {children}
    </Modal>
  );
}
