/** The task map of a job: one byte per task. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import type { Api } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import { useRefreshMode } from "@/lib/preferences";

export interface TaskMapBytes {
  bytes: Uint8Array;
  total: number;
}

async function fetchPart(api: Api, jobId: string, start: number, signal: AbortSignal): Promise<TaskMapBytes> {
  const { data, response } = await api.GET("/api/v1/jobs/{job_id}/map", {
    signal,
    parseAs: "arrayBuffer",
    params: { path: { job_id: jobId }, query: start ? { start } : {} },
  });
  const bytes = new Uint8Array(data ?? new ArrayBuffer(0));
  return { bytes, total: Number(response.headers.get("X-Task-Count") ?? start + bytes.length) };
}

/** A response can end before the last task. Later requests fetch the remaining parts. */
export const taskMapQuery = (api: Api, jobId: string) =>
  queryOptions({
    queryKey: ["job", jobId, "map"],
    structuralSharing: false,
    queryFn: async ({ signal }): Promise<TaskMapBytes> => {
      const first = await fetchPart(api, jobId, 0, signal);
      if (first.bytes.length >= first.total) return first;
      const bytes = new Uint8Array(first.total);
      bytes.set(first.bytes);
      for (let start = first.bytes.length; start < first.total;) {
        const part = await fetchPart(api, jobId, start, signal);
        if (!part.bytes.length) break;
        bytes.set(part.bytes.subarray(0, first.total - start), start);
        start += part.bytes.length;
      }
      return { bytes, total: first.total };
    },
  });

const LARGE_JOB = 100_000;

/** The task map of a job. `poll` is true while its tasks can still change. */
export function useTaskMap(jobId: string, { taskCount, poll }: { taskCount: number; poll: boolean }) {
  const paused = useRefreshMode() === "paused";
  const interval = taskCount > LARGE_JOB ? 5_000 : 2_000;
  return useQuery({ ...taskMapQuery(useApi(), jobId), refetchInterval: poll && !paused && interval });
}
