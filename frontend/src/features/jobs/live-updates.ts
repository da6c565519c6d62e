/** Puts deltas into the jobs that are shown, and fetches what they cannot tell. */

import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { usePlatform } from "@/lib/api/context";
import type { Job, JobPage } from "@/lib/api/types";
import { type Delta, applyDelta, statusChanged, decide } from "@/lib/live/delta";

/** Follow one job while a component is shown. */
export function useLiveJob(id: string): void {
  const { live } = usePlatform();
  const queries = useQueryClient();
  useEffect(() => {
    const leave = [
      live.onDelta((delta) => {
        if (delta.job_id === id) applyToJob(queries, delta);
      }),
      live.onJoined((topic) => {
        if (topic === id) void queries.invalidateQueries({ queryKey: ["job", id] });
      }),
      live.follow(id),
    ];
    return () => leave.forEach((each) => each());
  }, [live, queries, id]);
}

/** Follow all jobs of the tenant while a list is shown. */
export function useLiveJobs(): void {
  const { live } = usePlatform();
  const queries = useQueryClient();
  useEffect(() => {
    const leave = [
      live.onDelta((delta) => applyToLists(queries, delta)),
      live.onJoined((topic) => {
        if (topic === "*") void queries.invalidateQueries({ queryKey: ["jobs"] });
      }),
      live.follow("*"),
    ];
    return () => leave.forEach((each) => each());
  }, [live, queries]);
}

export function applyToJob(queries: QueryClient, delta: Delta): void {
  const key = ["job", delta.job_id];
  const job = queries.getQueryData<Job>(key);
  if (!job) return;
  const what = decide(job.version, delta);
  if (what === "drop") return;
  if (what === "take") queries.setQueryData<Job>(key, applyDelta(job, delta));
  if (what === "fetch" || statusChanged(job, delta)) void queries.invalidateQueries({ queryKey: key });
}

export function applyToLists(queries: QueryClient, delta: Delta): void {
  let known = false;
  let fetch = false;
  queries.setQueriesData<JobPage>({ queryKey: ["jobs"] }, (page) => {
    const job = page?.items.find((each) => each.id === delta.job_id);
    if (!page || !job) return page;
    known = true;
    const what = decide(job.version, delta);
    if (what === "drop") return page;
    if (what === "fetch" || statusChanged(job, delta)) fetch = true;
    if (what === "fetch") return page;
    return { ...page, items: page.items.map((each) => (each === job ? applyDelta(job, delta) : each)) };
  });
  if (!known || fetch) void queries.invalidateQueries({ queryKey: ["jobs"] }, { cancelRefetch: false });
}
