/** Asks before something is done, and says what it will do. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";

export interface ConfirmDialogProps {
  header: string;
  /** What will be, in a sentence. */
  children: ReactNode;
  /** The verb on the button. */
  confirmLabel: string;
  loading: boolean;
  /** False while what was filled in cannot be sent. */
  canConfirm?: boolean;
  onConfirm: () => void;
  onDismiss: () => void;
}

export function ConfirmDialog({
  header,
  children,
  confirmLabel: verb,
  loading: busy,
  canConfirm: ready = true,
  onConfirm,
  onDismiss,
}: ConfirmDialogProps) {
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
