/** The map of a job: a byte a task. */

import { queryOptions } from "@tanstack/react-query";
import type { Api } from "@/lib/api/client";

export interface TaskMapBytes {
  bytes: Uint8Array;
  total: number;
}

async function part(api: Api, job: string, start: number, signal: AbortSignal): Promise<TaskMapBytes> {
  const { data, response } = await api.GET("/api/v1/jobs/{job_id}/map", {
    signal,
    parseAs: "arrayBuffer",
    params: { path: { job_id: job }, query: start ? { start } : {} },
  });
  const bytes = new Uint8Array(data ?? new ArrayBuffer(0));
  return { bytes, total: Number(response.headers.get("X-Task-Count") ?? start + bytes.length) };
}

/** A map may end before the last task; the rest is asked for from there. */
export const mapQuery = (api: Api, job: string) =>
  queryOptions({
    queryKey: ["job", job, "map"],
    structuralSharing: false,
    queryFn: async ({ signal }): Promise<TaskMapBytes> => {
      const first = await part(api, job, 0, signal);
      if (first.bytes.length >= first.total) return first;
      const whole = new Uint8Array(first.total);
      whole.set(first.bytes);
      for (let at = first.bytes.length; at < first.total;) {
        const next = await part(api, job, at, signal);
        if (!next.bytes.length) break;
        whole.set(next.bytes.subarray(0, first.total - at), at);
        at += next.bytes.length;
      }
      return { bytes: whole, total: first.total };
    },
  });
