/** Submits a job; many inputs are uploaded first. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import { Problem } from "@/lib/api/problem";
import type { Job, JobSubmission } from "@/lib/api/types";
import type { Spec } from "./draft";

/** The API takes bodies of 1.2 MB. */
const MOST_BYTES = 1_000_000;

async function submitJob(api: Api, spec: Spec, key: string): Promise<Job> {
  const lines = spec.inputs?.map((each) => JSON.stringify(each)) ?? [];
  const size = lines.reduce((sum, each) => sum + each.length + 1, 0);
  const { inputs: _inputs, ...rest } = spec;
  const sent = size > MOST_BYTES ? { ...rest, inputs_uri: await uploadInputs(api, lines) } : spec;
  return unwrap(
    api.POST("/api/v1/jobs", { params: { header: { "idempotency-key": key } }, body: sent as JobSubmission }),
  );
}

async function uploadInputs(api: Api, lines: string[]): Promise<string> {
  const place = await unwrap(api.POST("/api/v1/inputs", {}));
  const answer = await fetch(place.upload_url, {
    method: "PUT",
    headers: place.upload_headers,
    body: new Blob(lines.map((each) => `${each}\n`)),
  });
  if (!answer.ok) throw new Problem(answer.status, "The inputs were not taken by the bucket");
  return place.inputs_uri;
}

export function useSubmit() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ spec, key }: { spec: Spec; key: string }) => submitJob(api, spec, key),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["jobs"] }),
  });
}
