import { QueryClient } from "@tanstack/react-query";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { API, makeJob, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { api } from "../../../tests/render";
import { jobQuery, jobsQuery } from "./api";
import { applyToJob, applyToLists } from "./live-updates";

setUpFakeNetwork();

const request = {
  filter: { statuses: [], type: null, namePrefix: null, tag: null, maxAge: null },
  limit: 50,
  nextToken: null,
};
const before = makeJob({ version: 4 });
const delta = {
  type: "delta" as const,
  job_id: before.id,
  version: 5,
  previous: 4,
  status: "COMPLETED" as const,
  paused: false,
  counts: { ...before.counts, running: 0, completed: 60 },
};

test.each([4, 5])("a response with version %d does not revert a delta with version 5", async (version) => {
  const queries = new QueryClient();
  const late = { ...before, version, status: version < 5 ? ("RUNNING" as const) : ("COMPLETED" as const) };
  server.use(
    http.get(`${API}/api/v1/jobs`, () => HttpResponse.json({ items: [late], next_token: null })),
    http.get(`${API}/api/v1/jobs/:id`, () => HttpResponse.json(late)),
  );
  queries.setQueryData(jobQuery(api, before.id).queryKey, before);
  queries.setQueryData(jobsQuery(api, request).queryKey, { items: [before], next_token: null });

  applyToJob(queries, delta);
  applyToLists(queries, delta);
  const job = await queries.fetchQuery({ ...jobQuery(api, before.id), staleTime: 0 });
  const page = await queries.fetchQuery({ ...jobsQuery(api, request), staleTime: 0 });

  expect(queries.getQueryData(jobQuery(api, before.id).queryKey)?.status).toBe("COMPLETED");
  expect(queries.getQueryData(jobsQuery(api, request).queryKey)?.items[0]?.status).toBe("COMPLETED");
  expect([job.id, page.items.length]).toEqual([before.id, 1]);
});
