/** All results as one file: how far the API is with it, then the link. */

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { ProblemAlert } from "@/components/problem-alert";
import { useApi } from "@/lib/api/context";
import type { Export } from "@/lib/api/types";
import { formatBytes, formatNumber, pluralize } from "@/lib/format";
import { toSentence } from "@/lib/notifications";
import { exportQuery } from "./api";

const LOOK = 1_500;
/** A link reads the file for a quarter of an hour, and each answer has a new one. */
const NEW_LINK = 10 * 60_000;

export function ExportStatus({ job, id, onDismiss }: { job: string; id: string; onDismiss: () => void }) {
  const found = useQuery({
    ...exportQuery(useApi(), job, id),
    refetchInterval: (query) => (query.state.data && query.state.data.status !== "RUNNING" ? NEW_LINK : LOOK),
  });
  if (found.isError) return <ProblemAlert error={found.error} retry={() => void found.refetch()} />;
  return (
    <div aria-live="polite">
      {found.data ? (
        <Told file={found.data} onDismiss={onDismiss} />
      ) : (
        <StatusIndicator type="loading">Asking for the file</StatusIndicator>
      )}
    </div>
  );
}

function Told({ file, onDismiss }: { file: Export; onDismiss: () => void }) {
  const shared = { dismissible: true, dismissAriaLabel: "Forget the file", onDismiss };
  switch (file.status) {
    case "RUNNING":
      return (
        <StatusIndicator type="in-progress">
          The file is being written{file.results ? `: ${pluralize(file.results, "result")} so far` : ""}
        </StatusIndicator>
      );
    case "DONE":
      return (
        <Alert
          {...shared}
          type="success"
          header="The file is written"
          action={
            file.url && (
              <Button href={file.url} iconName="download" target="_blank">
                Download {file.size === null ? "" : formatBytes(file.size)}
              </Button>
            )
          }
        >
          {describeExport(file)}
        </Alert>
      );
    case "EXPIRED":
      return (
        <Alert {...shared} type="info" header="The file is not kept any more">
          Files are kept for a week. Begin another.
        </Alert>
      );
    case "FAILED":
      return (
        <Alert {...shared} type="error" header="The file could not be written">
          {toSentence(file.error ?? "Begin another")}
        </Alert>
      );
  }
}

function describeExport({ results, missing }: Pick<Export, "results" | "missing">): string {
  const has = `It has ${pluralize(results ?? 0, "result")}, a line of JSON each, with gzip.`;
  return missing
    ? `${has} ${formatNumber(missing)} more ${missing === 1 ? "line says" : "lines say"} why a task has none.`
    : has;
}
