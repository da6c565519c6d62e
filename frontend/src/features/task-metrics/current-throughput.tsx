/** Tasks that end while one looks: a bar grows with each delta that comes, or each answer where none do. */

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { jobQuery } from "@/features/jobs/api";
import { useApi } from "@/lib/api/context";
import type { Job } from "@/lib/api/types";
import { formatDuration, pluralize, formatTime } from "@/lib/format";
import { useTimeZone } from "@/lib/preferences";
import { BarChart } from "./bar-chart";
import { addSample, throughputBars, recentRate, type Sample } from "./throughput-samples";
import { perSecond } from "./statistics";

const LATELY = 10;
/** Milliseconds; deltas come once a second at most. */
const LOOK = 1_000;
const none: Sample[] = [];

/** Deltas and answers both go into the kept job, so a look at it once a second sees either. */
function useSamples(id: string): Sample[] {
  const api = useApi();
  const queries = useQueryClient();
  const [samples, setSamples] = useState(none);
  useEffect(() => {
    const { queryKey } = jobQuery(api, id);
    const every = setInterval(() => {
      const job = queries.getQueryData(queryKey);
      if (!job) return;
      const sample = { at: Date.now() / 1000, ended: job.counts.completed + job.counts.failed };
      setSamples((before) => addSample(before, sample));
    }, LOOK);
    return () => clearInterval(every);
  }, [api, queries, id]);
  return samples;
}

export function CurrentThroughput({ job }: { job: Job }) {
  const zone = useTimeZone();
  const samples = useSamples(job.id);
  const bars = useMemo(() => throughputBars(samples), [samples]);
  const rate = recentRate(samples, LATELY);
  const waiting = job.counts.pending + job.counts.running + job.counts.retrying;
  const words =
    rate === null
      ? "Waiting for tasks to end."
      : `${perSecond(rate)} over the last ${LATELY} seconds; ${pluralize(waiting, "task")} left${rate > 0 ? `, about ${formatDuration(waiting / rate)} at this pace` : ""}.`;
  return (
    <Container
      header={
        <Header variant="h2" description="Tasks that end a second, since you opened this.">
          Now
        </Header>
      }
    >
      <SpaceBetween size="s">
        <div>{words}</div>
        {bars.from.length > 1 && (
          <BarChart
            label={`Now: ${words}`}
            bars={bars}
            x={(at) => formatTime(at * 1000, zone).slice(13)}
            y={perSecond}
          />
        )}
      </SpaceBetween>
    </Container>
  );
}
