/** Tasks that end while one looks: a bar grows with each delta that comes, or each answer where none do. */

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { jobQuery } from "@/features/jobs/api";
import { useApi } from "@/lib/api/context";
import type { Job } from "@/lib/api/types";
import { duration, plural, time } from "@/lib/format";
import { useZone } from "@/lib/preferences";
import { BarChart } from "./bar-chart";
import { added, paceBars, recent, type Sample } from "./pace";
import { perSecond } from "./figures";

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
      setSamples((before) => added(before, sample));
    }, LOOK);
    return () => clearInterval(every);
  }, [api, queries, id]);
  return samples;
}

export function Now({ job }: { job: Job }) {
  const zone = useZone();
  const samples = useSamples(job.id);
  const bars = useMemo(() => paceBars(samples), [samples]);
  const rate = recent(samples, LATELY);
  const waiting = job.counts.pending + job.counts.running + job.counts.retrying;
  const words =
    rate === null
      ? "Waiting for tasks to end."
      : `${perSecond(rate)} over the last ${LATELY} seconds; ${plural(waiting, "task")} left${rate > 0 ? `, about ${duration(waiting / rate)} at this pace` : ""}.`;
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
          <BarChart label={`Now: ${words}`} bars={bars} x={(at) => time(at * 1000, zone).slice(13)} y={perSecond} />
        )}
      </SpaceBetween>
    </Container>
  );
}
