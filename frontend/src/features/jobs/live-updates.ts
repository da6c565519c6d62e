/** Applies live deltas to the cached jobs, and fetches the fields that deltas do not contain. */

import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { usePlatform } from "@/lib/api/context";
import type { Job, JobPage } from "@/lib/api/types";
import { applyDelta, decide, type Delta, statusChanged } from "@/lib/live/delta";

/** Keeps one job up to date while the component is mounted. */
export function useLiveJob(id: string): void {
  const { live } = usePlatform();
  const queries = useQueryClient();
  useEffect(() => {
    const cleanups = [
      live.onDelta((delta) => {
        if (delta.job_id === id) applyToJob(queries, delta);
      }),
      live.onSubscribed((topic) => {
        if (topic === id) void queries.invalidateQueries({ queryKey: ["job", id] });
      }),
      live.subscribe(id),
    ];
    return () => cleanups.forEach((each) => each());
  }, [live, queries, id]);
}

/** Keeps the lists of jobs up to date while the component is mounted. */
export function useLiveJobs(): void {
  const { live } = usePlatform();
  const queries = useQueryClient();
  useEffect(() => {
    const cleanups = [
      live.onDelta((delta) => applyToLists(queries, delta)),
      live.onSubscribed((topic) => {
        if (topic === "*") void queries.invalidateQueries({ queryKey: ["jobs"] });
      }),
      live.subscribe("*"),
    ];
    return () => cleanups.forEach((each) => each());
  }, [live, queries]);
}

export function applyToJob(queries: QueryClient, delta: Delta): void {
  const queryKey = ["job", delta.job_id];
  const job = queries.getQueryData<Job>(queryKey);
  if (!job) return;
  const decision = decide(job.version, delta);
  if (decision === "ignore") return;
  if (decision === "apply") queries.setQueryData<Job>(queryKey, applyDelta(job, delta));
  if (decision === "fetch" || statusChanged(job, delta)) void queries.invalidateQueries({ queryKey });
}

export function applyToLists(queries: QueryClient, delta: Delta): void {
  let known = false;
  let fetch = false;
  queries.setQueriesData<JobPage>({ queryKey: ["jobs"] }, (page) => {
    const job = page?.items.find((each) => each.id === delta.job_id);
    if (!page || !job) return page;
    known = true;
    const decision = decide(job.version, delta);
    if (decision === "ignore") return page;
    if (decision === "fetch" || statusChanged(job, delta)) fetch = true;
    if (decision === "fetch") return page;
    return { ...page, items: page.items.map((each) => (each === job ? applyDelta(job, delta) : each)) };
  });
  if (!known || fetch) void queries.invalidateQueries({ queryKey: ["jobs"] }, { cancelRefetch: false });
}
