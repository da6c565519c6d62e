/** The latest delivery attempts of a webhook. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Modal from "@cloudscape-design/components/modal";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { ProblemAlert } from "@/components/problem-alert";
import { ResponsiveTable } from "@/components/responsive-table";
import { Timestamp } from "@/components/timestamp";
import { formatDuration, formatNumber } from "@/lib/format";
import { useDeliveries } from "./api";
import { describeDelivery, wasDelivered } from "./descriptions";
import type { WebhookDialogProps } from "./webhook-dialogs";

export function DeliveriesDialog({ webhook, onClose }: WebhookDialogProps) {
  const { data, error, isError, isPending } = useDeliveries(webhook.id);
  return (
    <Modal
      visible
      size="max"
      header={`Deliveries to ${webhook.url}`}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button onClick={onClose}>Close</Button>
        </Box>
      }
    >
      <ResponsiveTable
        label="Deliveries"
        variant="embedded"
        trackBy={(each) => `${each.event_id} ${each.attempt} ${each.at}`}
        items={data ?? []}
        loading={isPending}
        loadingText="Loading deliveries"
        wrapLines
        header={
          <Header variant="h3" description="Up to 100 delivery attempts from the last two weeks, newest first">
            Delivery attempts
          </Header>
        }
        empty={isError ? <ProblemAlert error={error} /> : <Box textAlign="center">No deliveries</Box>}
        columns={[
          {
            id: "event",
            header: "Event",
            isRowHeader: true,
            width: 300,
            cell: (each) => (
              <>
                {each.event_type}
                <Box variant="small" color="text-body-secondary" display="block">
                  <span className="mono">{each.event_id}</span>
                </Box>
              </>
            ),
          },
          { id: "attempt", header: "Attempt", width: 100, card: "half", cell: (each) => formatNumber(each.attempt) },
          {
            id: "outcome",
            header: "Outcome",
            minWidth: 200,
            cell: (each) => (
              <StatusIndicator type={wasDelivered(each) ? "success" : each.next_attempt_at ? "warning" : "error"}>
                {describeDelivery(each)}
              </StatusIndicator>
            ),
          },
          {
            id: "duration",
            header: "Duration",
            width: 110,
            card: "half",
            cell: (each) => formatDuration(each.duration),
          },
          { id: "sent", header: "Sent", width: 190, card: "half", cell: (each) => <Timestamp at={each.at} /> },
          {
            id: "next",
            header: "Next attempt",
            width: 190,
            card: "half",
            cell: (each) => <Timestamp at={each.next_attempt_at} />,
          },
        ]}
      />
    </Modal>
  );
}
