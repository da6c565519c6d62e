/** The notifications above the content, and a warning while the API is unreachable. */

import Alert from "@cloudscape-design/components/alert";
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import { connection, type Connection } from "@/lib/api/connection";
import { describeStatus } from "@/lib/api/problem";
import { formatTime } from "@/lib/format";
import { dismiss, notifications } from "@/lib/notifications";
import { useTimeZone } from "@/lib/preferences";
import { useStore } from "@/lib/store";

export function Notifications() {
  const current = useStore(notifications);
  const items: FlashbarProps.MessageDefinition[] = current.map((each) => ({
    id: each.id,
    type: each.type,
    header: each.header,
    loading: each.type === "in-progress",
    content: each.content ?? "",
    dismissible: each.type !== "in-progress",
    dismissLabel: "Dismiss",
    onDismiss: () => dismiss(each.id),
  }));
  return (
    <>
      <ConnectionWarning connection={useStore(connection)} />
      {items.length > 0 && <Flashbar items={items} stackItems />}
    </>
  );
}

function ConnectionWarning({ connection: current }: { connection: Connection }) {
  const zone = useTimeZone();
  switch (current.state) {
    case "ok":
    case "expired":
      return null;
    case "offline":
      return (
        <Alert type="warning" header="You are offline">
          The data on this page might be out of date. It refreshes when your network connection is back.
        </Alert>
      );
    case "unavailable":
      return (
        <Alert type="warning" header={describeStatus(current.status).title}>
          The data on this page was last updated at {formatTime(current.since, zone)}. The console keeps retrying.
        </Alert>
      );
  }
}
