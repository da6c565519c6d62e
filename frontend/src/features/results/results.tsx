/** What completed tasks returned: a page to look at, and all of it as a file of JSON Lines. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { PageTurner, usePages } from "@/components/pages";
import { ProblemAlert } from "@/components/problem-alert";
import { useApi } from "@/lib/api/context";
import type { Job } from "@/lib/api/types";
import { number, plural } from "@/lib/format";
import { tell, tellProblem } from "@/lib/notices";
import { allResults, resultsQuery } from "./api";

const PAGE = 50;

export function Results({ job, taskHref }: { job: Job; taskHref: (index: number) => string }) {
  const api = useApi();
  const pages = usePages(job.id);
  const [saving, setSaving] = useState(false);
  const found = useQuery(resultsQuery(api, { job: job.id, limit: PAGE, after: pages.after }));
  const items = found.data?.items ?? [];
  const next = found.data?.next_token ?? null;

  async function download(): Promise<void> {
    setSaving(true);
    const id = tell({ type: "in-progress", header: "Reading results" });
    try {
      const parts = await allResults(api, job.id, (count) =>
        tell({ id, type: "in-progress", header: `Reading results: ${number(count)} of ${number(job.counts.completed)}` }),
      );
      save(new Blob(parts, { type: "application/jsonl" }), `${job.id}.jsonl`);
      tell({ id, type: "success", header: `${job.id}.jsonl is saved` });
    } catch (error) {
      tell({ id, type: "error", header: "The results were not saved" });
      tellProblem("Results", error);
    } finally {
      setSaving(false);
    }
  }

  return (
    <Table
      trackBy="index"
      items={items}
      loading={found.isPending}
      loadingText="Loading results"
      wrapLines
      ariaLabels={{ tableLabel: "Results" }}
      header={
        <Header
          variant="h2"
          counter={`(${number(job.counts.completed)})`}
          description={`${plural(job.counts.completed, "task")} completed. From a terminal: shoal results ${job.id}`}
          actions={
            <Button iconName="download" loading={saving} disabled={!job.counts.completed} onClick={() => void download()}>
              Download
            </Button>
          }
        >
          Results
        </Header>
      }
      pagination={<PageTurner pages={pages} next={next} what="results" />}
      empty={
        found.isError ? (
          <ProblemAlert error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Box textAlign="center" color="inherit" padding="m">
            No task has completed yet.
          </Box>
        )
      }
      columnDefinitions={[
        {
          id: "index",
          header: "Task",
          width: 120,
          isRowHeader: true,
          cell: (each) => <Link href={taskHref(each.index)}>{number(each.index)}</Link>,
        },
        {
          id: "result",
          header: "Result",
          cell: (each) => (
            <span className="mono">{each.too_large ? "too large to show here" : preview(each.result)}</span>
          ),
        },
      ]}
    />
  );
}

function preview(result: unknown): string {
  const text = JSON.stringify(result ?? null);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
