/** The progress of an export, and the download link when it is ready. */

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { ProblemAlert } from "@/components/problem-alert";
import type { Export } from "@/lib/api/types";
import { formatBytes, formatNumber, pluralize, toSentence } from "@/lib/format";
import { useExport } from "./api";

export interface ExportStatusProps {
  jobId: string;
  exportId: string;
  onDismiss: () => void;
}

export function ExportStatus({ jobId, exportId, onDismiss }: ExportStatusProps) {
  const { data, error, isError, refetch } = useExport(jobId, exportId);
  if (isError) return <ProblemAlert error={error} retry={() => void refetch()} />;
  return (
    <div aria-live="polite">
      {data ? (
        <ExportAlert file={data} onDismiss={onDismiss} />
      ) : (
        <StatusIndicator type="loading">Loading export</StatusIndicator>
      )}
    </div>
  );
}

function ExportAlert({ file, onDismiss }: { file: Export; onDismiss: () => void }) {
  const shared = { dismissible: true, dismissAriaLabel: "Dismiss", onDismiss };
  switch (file.status) {
    case "RUNNING":
      return (
        <StatusIndicator type="in-progress">
          Exporting results{file.results ? `: ${pluralize(file.results, "result")} so far` : ""}
        </StatusIndicator>
      );
    case "DONE":
      return (
        <Alert
          {...shared}
          type="success"
          header="Export ready"
          action={
            file.url && (
              <Button href={file.url} iconName="download" target="_blank">
                Download{file.size === null ? "" : ` ${formatBytes(file.size)}`}
              </Button>
            )
          }
        >
          {describeExport(file)}
        </Alert>
      );
    case "EXPIRED":
      return (
        <Alert {...shared} type="info" header="Export expired">
          Exports are kept for a week. Start a new export.
        </Alert>
      );
    case "FAILED":
      return (
        <Alert {...shared} type="error" header="Export failed">
          {toSentence(file.error ?? "Start a new export")}
        </Alert>
      );
  }
}

function describeExport({ results, missing }: Pick<Export, "results" | "missing">): string {
  const content = `A gzipped JSON Lines file with ${pluralize(results ?? 0, "result")}.`;
  if (!missing) return content;
  const lines = missing === 1 ? "line contains" : "lines contain";
  return `${content} ${formatNumber(missing)} more ${lines} the reason why a task has no result.`;
}
