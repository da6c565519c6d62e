/** A dialog that describes the effect of an action and asks for confirmation. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";

export interface ConfirmDialogProps {
  header: string;
  children: ReactNode;
  confirmLabel: string;
  loading: boolean;
  /** False while the input of the user is invalid. */
  canConfirm?: boolean;
  onConfirm: () => void;
  onDismiss: () => void;
}

export function ConfirmDialog({
  header,
  children,
  confirmLabel,
  loading,
  canConfirm = true,
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
              Go back
            </Button>
            <Button variant="primary" loading={loading} disabled={!canConfirm} onClick={onConfirm}>
              {confirmLabel}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {children}
    </Modal>
  );
}
