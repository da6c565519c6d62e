/** Submits a job. Large inputs are uploaded to the bucket first. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import { Problem } from "@/lib/api/problem";
import type { Job, JobSubmission } from "@/lib/api/types";
import type { Submission } from "./draft";

/** The API accepts request bodies of up to 1.2 MB. */
const MAX_INLINE_BYTES = 1_000_000;

async function submitJob(api: Api, submission: Submission, key: string): Promise<Job> {
  const lines = submission.inputs?.map((each) => JSON.stringify(each)) ?? [];
  const size = lines.reduce((sum, each) => sum + each.length + 1, 0);
  const { inputs: _inputs, ...rest } = submission;
  const body = size > MAX_INLINE_BYTES ? { ...rest, inputs_uri: await uploadInputs(api, lines) } : submission;
  return unwrap(
    api.POST("/api/v1/jobs", { params: { header: { "idempotency-key": key } }, body: body as JobSubmission }),
  );
}

async function uploadInputs(api: Api, lines: string[]): Promise<string> {
  const content = new Blob(lines.map((each) => `${each}\n`));
  const upload = await unwrap(api.POST("/api/v1/inputs", { body: { size: content.size } }));
  const response = await fetch(upload.upload_url, {
    method: "PUT",
    headers: upload.upload_headers,
    body: content,
  });
  if (!response.ok) throw new Problem(response.status, "Uploading the inputs to the bucket failed");
  return upload.inputs_uri;
}

export function useSubmitJob() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ submission, key }: { submission: Submission; key: string }) => submitJob(api, submission, key),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["jobs"] }),
  });
}
