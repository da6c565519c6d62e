/** A chart of the tasks that end while the user watches. Each delta or response extends it. */

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useMemo, useState } from "react";
import { useCachedJob } from "@/features/jobs/api";
import type { Job } from "@/lib/api/types";
import { formatDuration, formatTime, pluralize } from "@/lib/format";
import { unfinishedTasks } from "@/lib/job";
import { useTimeZone } from "@/lib/preferences";
import { BarChart } from "./bar-chart";
import { formatRate } from "./statistics";
import { addSample, recentRate, type Sample, throughputBars } from "./throughput-samples";

const RECENT_SECONDS = 10;
/** Milliseconds. Deltas arrive at most once per second. */
const SAMPLE_INTERVAL = 1_000;
const noSamples: Sample[] = [];

/** Samples the cached job once per second, because deltas and responses both update it. */
function useSamples(jobId: string): Sample[] {
  const cachedJob = useCachedJob(jobId);
  const [samples, setSamples] = useState(noSamples);
  useEffect(() => {
    const timer = setInterval(() => {
      const job = cachedJob();
      if (!job) return;
      const sample = { at: Date.now() / 1000, ended: job.counts.completed + job.counts.failed };
      setSamples((current) => addSample(current, sample));
    }, SAMPLE_INTERVAL);
    return () => clearInterval(timer);
  }, [cachedJob]);
  return samples;
}

export function CurrentThroughput({ job }: { job: Job }) {
  const zone = useTimeZone();
  const samples = useSamples(job.id);
  const bars = useMemo(() => throughputBars(samples), [samples]);
  const description = describeRate(recentRate(samples, RECENT_SECONDS), unfinishedTasks(job));
  return (
    <Container
      header={
        <Header variant="h2" description="Tasks per second since you opened this tab">
          Current throughput
        </Header>
      }
    >
      <SpaceBetween size="s">
        <div>{description}</div>
        {bars.starts.length > 1 && (
          <BarChart
            label={`Current throughput. ${description}`}
            bars={bars}
            formatX={(at) => formatTime(at * 1000, zone).slice(13)}
            formatY={formatRate}
          />
        )}
      </SpaceBetween>
    </Container>
  );
}

function describeRate(rate: number | null, remaining: number): string {
  if (rate === null) return "Waiting for tasks to end.";
  const estimate = rate > 0 ? `, about ${formatDuration(remaining / rate)} at this rate` : "";
  return `${formatRate(rate)} over the last ${RECENT_SECONDS} seconds. ${pluralize(remaining, "task")} remaining${estimate}.`;
}
