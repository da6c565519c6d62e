/** Jobs: queries, and the mutations that change them. */

import {
  keepPreviousData,
  queryOptions,
  replaceEqualDeep,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useDeferredValue } from "react";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import { Problem } from "@/lib/api/problem";
import type { ChangeRequest, CloneRequest, Job, JobPage, JobStatus, Priority } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { jobTitle } from "@/lib/job";
import { notify, notifyProblem } from "@/lib/notifications";
import { useRefetchInterval } from "@/lib/query";
import { JOB_ACTIONS, type JobAction } from "./action-descriptions";

export interface JobsFilter {
  statuses: JobStatus[];
  type: string | null;
  namePrefix: string | null;
  /** `key`, or `key=value`. */
  tag: string | null;
  /** The greatest age of a job, in milliseconds. */
  maxAge: number | null;
}

export interface JobsRequest {
  filter: JobsFilter;
  limit: number;
  nextToken: string | null;
}

/** The API ends a page early rather than read too many rows. At most this many requests fill one page of a table. */
const MAX_REQUESTS = 5;

export const jobsQuery = (api: Api, request: JobsRequest) =>
  queryOptions({
    queryKey: ["jobs", request],
    queryFn: async ({ signal }): Promise<JobPage> => {
      const { filter, limit, nextToken } = request;
      const page: JobPage = { items: [], next_token: nextToken };
      const since = filter.maxAge === null ? null : new Date(Date.now() - filter.maxAge).toISOString();
      for (let sent = 0; sent < MAX_REQUESTS; sent += 1) {
        const query = toQueryParameters(filter, since, limit - page.items.length, page.next_token ?? null);
        const found = await unwrap(api.GET("/api/v1/jobs", { signal, params: { query } }));
        page.items.push(...found.items);
        page.next_token = found.next_token ?? null;
        if (!page.next_token || page.items.length >= limit) break;
      }
      return page;
    },
    placeholderData: keepPreviousData,
    structuralSharing: (before, after) =>
      replaceEqualDeep(before, newerPage(before as JobPage | undefined, after as JobPage)),
  });

/** Keeps the state of a delta when a slower response, or a read of a lagging index, has an older version. */
const newerJob = (before: Job | undefined, after: Job): Job =>
  before && before.version > after.version ? before : after;

function newerPage(before: JobPage | undefined, after: JobPage): JobPage {
  const known = new Map(before?.items.map((job) => [job.id, job]));
  return { ...after, items: after.items.map((job) => newerJob(known.get(job.id), job)) };
}

const toQueryParameters = (filter: JobsFilter, since: string | null, limit: number, nextToken: string | null) => ({
  limit,
  ...(filter.statuses.length ? { status: filter.statuses } : {}),
  ...(filter.type ? { type: filter.type } : {}),
  ...(filter.namePrefix ? { name: filter.namePrefix } : {}),
  ...(filter.tag ? { tag: filter.tag } : {}),
  ...(since ? { since } : {}),
  ...(nextToken ? { next_token: nextToken } : {}),
});

export const jobQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["job", id],
    queryFn: ({ signal }): Promise<Job> =>
      unwrap(api.GET("/api/v1/jobs/{job_id}", { signal, params: { path: { job_id: id } } })),
    structuralSharing: (before, after) => replaceEqualDeep(before, newerJob(before as Job | undefined, after as Job)),
  });

const jobReasonsQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["job", id, "why"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/jobs/{job_id}/why", { signal, params: { path: { job_id: id } } })),
  });

/** A page of jobs, newest first. */
export const useJobs = (request: JobsRequest) =>
  useQuery({ ...jobsQuery(useApi(), request), refetchInterval: useRefetchInterval(true) });

/** A job, kept up to date. */
export const useJob = (id: string) =>
  useQuery({ ...jobQuery(useApi(), id), refetchInterval: useRefetchInterval(true) });

/** A job, fetched once. */
export const useJobSnapshot = (id: string) => useQuery(jobQuery(useApi(), id));

/** Returns a function that reads a job from the cache. */
export function useCachedJob(id: string): () => Job | undefined {
  const api = useApi();
  const queries = useQueryClient();
  return useCallback(() => queries.getQueryData(jobQuery(api, id).queryKey), [api, queries, id]);
}

/** The reasons why an open job waits. Fetches nothing once the job has ended. */
export function useJobReasons(id: string, { active }: { active: boolean }) {
  const interval = useRefetchInterval();
  return useQuery({ ...jobReasonsQuery(useApi(), id), enabled: active, refetchInterval: active && interval });
}

const JOB_ID = /^job_[0-9A-Z]{26}/;
const MAX_MATCHES = 8;

/** The job with an ID, or the jobs whose names begin with a text. */
export function useJobSearch(text: string): Job[] {
  const api = useApi();
  const search = useDeferredValue(text);
  const isId = JOB_ID.test(search);
  const filter = { statuses: [], type: null, namePrefix: search || null, tag: null, maxAge: null };
  const byName = useQuery({ ...jobsQuery(api, { filter, limit: MAX_MATCHES, nextToken: null }), enabled: !isId });
  const byId = useQuery({ ...jobQuery(api, search.slice(0, 30)), enabled: isId, retry: false });
  if (isId) return byId.data ? [byId.data] : [];
  return byName.data?.items ?? [];
}

function runAction(api: Api, action: JobAction, id: string): Promise<Job> {
  const parameters = { params: { path: { job_id: id } } };
  switch (action) {
    case "cancel":
      return unwrap(api.POST("/api/v1/jobs/{job_id}/cancel", parameters));
    case "pause":
      return unwrap(api.POST("/api/v1/jobs/{job_id}/pause", parameters));
    case "resume":
      return unwrap(api.POST("/api/v1/jobs/{job_id}/resume", parameters));
    case "retry":
      return unwrap(api.POST("/api/v1/jobs/{job_id}/retry", parameters));
  }
}

/** Runs an action on one job, and shows a notification. */
export function useJobAction() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ action, job }: { action: JobAction; job: Job }) => runAction(api, action, job.id),
    onSuccess: (job, { action }) => {
      queries.setQueryData(jobQuery(api, job.id).queryKey, job);
      notify({ type: "success", header: `${JOB_ACTIONS[action].progressive} ${jobTitle(job)}` });
    },
    onError: (error, { action, job }) =>
      notifyProblem(`Could not ${lowerFirst(JOB_ACTIONS[action].infinitive)} ${jobTitle(job)}`, error),
    onSettled: () => queries.invalidateQueries(),
  });
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const CONCURRENT_REQUESTS = 4;
const MAX_ERRORS_SHOWN = 5;

/** Returns a function that runs an action on several jobs, a few at a time, and shows the progress. */
export function useJobsAction(): (action: JobAction, jobs: Job[]) => Promise<void> {
  const api = useApi();
  const queries = useQueryClient();
  return async (action, jobs) => {
    const { progressive, past } = JOB_ACTIONS[action];
    const all = pluralize(jobs.length, "job");
    const id = notify({ type: "in-progress", header: `${progressive} ${all}: 0 done` });
    const errors: string[] = [];
    let done = 0;
    const queue = [...jobs];
    const runQueue = async (): Promise<void> => {
      for (let job = queue.shift(); job; job = queue.shift()) {
        try {
          await runAction(api, action, job.id);
        } catch (error) {
          errors.push(`${jobTitle(job)}: ${error instanceof Problem ? error.detail : String(error)}`);
        }
        done += 1;
        notify({ id, type: "in-progress", header: `${progressive} ${all}: ${done} done` });
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_REQUESTS }, runQueue));
    await queries.invalidateQueries();
    notify({
      id,
      type: errors.length ? "warning" : "success",
      header: `${past} ${done - errors.length} of ${all}`,
      ...(errors.length ? { content: errors.slice(0, MAX_ERRORS_SHOWN).join("; ") } : {}),
    });
  };
}

export interface RetrySelection {
  cause?: string;
  indices?: number[];
  canary?: { share: number; bar: number };
}

/** Retries failed tasks: all of them, those of one cause, or those with the given indices. */
export function useRetryTasks() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ job, selection }: { job: Pick<Job, "id" | "name">; selection: RetrySelection }) =>
      unwrap(api.POST("/api/v1/jobs/{job_id}/retry", { params: { path: { job_id: job.id } }, body: selection })),
    onSuccess: (job) => notify({ type: "success", header: `Retrying failed tasks of ${jobTitle(job)}` }),
    onError: (error, { job }) => notifyProblem(`Could not retry failed tasks of ${jobTitle(job)}`, error),
    onSettled: () => queries.invalidateQueries(),
  });
}

export interface JobOverrides {
  name?: string;
  priority?: Priority;
}

/** Submits a job with the inputs of another one. */
export function useCloneJob() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ job, overrides, key }: { job: Job; overrides: JobOverrides; key: string }) =>
      unwrap(
        api.POST("/api/v1/jobs/{job_id}/clone", {
          params: { path: { job_id: job.id }, header: { "idempotency-key": key } },
          body: overrides as CloneRequest,
        }),
      ),
    onSuccess: (clone, { job }) => {
      notify({
        type: "success",
        header: `Submitted ${jobTitle(clone)}`,
        content: `It runs the same inputs as ${job.id}.`,
      });
      return queries.invalidateQueries({ queryKey: ["jobs"] });
    },
    onError: (error, { job }) => notifyProblem(`Could not clone ${jobTitle(job)}`, error),
  });
}

export interface DiscardRequest {
  job: Job;
  selection: { cause: string } | { all: true };
  reason: string;
}

/** Discards failed tasks: a retry of all failed tasks skips them. */
export function useDiscardTasks() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ job, selection, reason }: DiscardRequest) =>
      unwrap(
        api.POST("/api/v1/jobs/{job_id}/discard", {
          params: { path: { job_id: job.id } },
          body: { ...selection, reason },
        }),
      ),
    onSuccess: (job) => notify({ type: "success", header: `Discarded failed tasks of ${jobTitle(job)}` }),
    onError: (error, { job }) => notifyProblem(`Could not discard failed tasks of ${jobTitle(job)}`, error),
    onSettled: () => queries.invalidateQueries(),
  });
}

export interface JobChanges extends JobOverrides {
  /** Null removes the limit. */
  max_parallelism?: number | null;
  /** Replaces all tags. */
  tags?: Record<string, string>;
}

/** Changes an open job. Omitted fields keep their values. */
export function useChangeJob() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ job, changes }: { job: Job; changes: JobChanges }) =>
      unwrap(
        api.PATCH("/api/v1/jobs/{job_id}", { params: { path: { job_id: job.id } }, body: changes as ChangeRequest }),
      ),
    onSuccess: (job) => notify({ type: "success", header: `Changed ${jobTitle(job)}` }),
    onError: (error, { job }) => notifyProblem(`Could not change ${jobTitle(job)}`, error),
    onSettled: () => queries.invalidateQueries(),
  });
}

export function useDeleteJob() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (job: Job) => {
      await api.DELETE("/api/v1/jobs/{job_id}", { params: { path: { job_id: job.id } } });
    },
    onSuccess: (_, job) => {
      notify({ type: "success", header: `Deleted ${jobTitle(job)}` });
      queries.removeQueries({ queryKey: ["job", job.id] });
      return queries.invalidateQueries({ queryKey: ["jobs"] });
    },
    onError: (error, job) => notifyProblem(`Could not delete ${jobTitle(job)}`, error),
  });
}
