/** Jobs: what is asked of the API, under which key it is kept, and what changes it. */

import { keepPreviousData, queryOptions, replaceEqualDeep, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { ChangeRequest, CloneRequest, Job, JobPage, JobStatus, Priority } from "@/lib/api/types";
import { notify, notifyProblem } from "@/lib/notifications";

export interface JobsFilter {
  statuses: JobStatus[];
  type: string | null;
  /** The beginning of a name. */
  name: string | null;
  /** `key`, or `key=value`. */
  tag: string | null;
  /** Created within so many milliseconds. */
  age: number | null;
}

export interface JobsRequest {
  filter: JobsFilter;
  limit: number;
  after: string | null;
}

/** The API ends a page early rather than read too much; so many requests fill one of ours at most. */
const REQUESTS = 5;

export const jobsQuery = (api: Api, asked: JobsRequest) =>
  queryOptions({
    queryKey: ["jobs", asked],
    queryFn: async ({ signal }): Promise<JobPage> => {
      const page: JobPage = { items: [], next_token: asked.after };
      const since = asked.filter.age === null ? null : new Date(Date.now() - asked.filter.age).toISOString();
      for (let request = 0; request < REQUESTS; request += 1) {
        const query = queryOf(asked.filter, since, asked.limit - page.items.length, page.next_token ?? null);
        const found = await unwrap(api.GET("/api/v1/jobs", { signal, params: { query } }));
        page.items.push(...found.items);
        page.next_token = found.next_token ?? null;
        if (!page.next_token || page.items.length >= asked.limit) break;
      }
      return page;
    },
    placeholderData: keepPreviousData,
    structuralSharing: (before, now) =>
      replaceEqualDeep(before, newestPage(before as JobPage | undefined, now as JobPage)),
  });

/** What a delta told is not undone by an answer that was on its way before it, or read from an index that lags. */
const newerJob = (before: Job | undefined, now: Job): Job => (before && before.version > now.version ? before : now);

function newestPage(before: JobPage | undefined, now: JobPage): JobPage {
  const known = new Map(before?.items.map((job) => [job.id, job]));
  return { ...now, items: now.items.map((job) => newerJob(known.get(job.id), job)) };
}

const queryOf = (filter: JobsFilter, since: string | null, limit: number, after: string | null) => ({
  limit,
  ...(filter.statuses.length ? { status: filter.statuses } : {}),
  ...(filter.type ? { type: filter.type } : {}),
  ...(filter.name ? { name: filter.name } : {}),
  ...(filter.tag ? { tag: filter.tag } : {}),
  ...(since ? { since } : {}),
  ...(after ? { next_token: after } : {}),
});

export const jobQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["job", id],
    queryFn: ({ signal }): Promise<Job> =>
      unwrap(api.GET("/api/v1/jobs/{job_id}", { signal, params: { path: { job_id: id } } })),
    structuralSharing: (before, now) => replaceEqualDeep(before, newerJob(before as Job | undefined, now as Job)),
  });

export const jobWhyQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: ["job", id, "why"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/jobs/{job_id}/why", { signal, params: { path: { job_id: id } } })),
  });

export type JobAction = "cancel" | "pause" | "resume" | "retry";

const DONE: Record<JobAction, string> = {
  cancel: "is being cancelled",
  pause: "is pausing",
  resume: "goes on",
  retry: "is being retried",
};

export const JOB_ACTION_LABELS: Record<JobAction, string> = {
  cancel: "Cancel",
  pause: "Pause",
  resume: "Resume",
  retry: "Retry failed",
};

export function runJobAction(api: Api, verb: JobAction, id: string): Promise<Job> {
  const given = { params: { path: { job_id: id } } };
  switch (verb) {
    case "cancel":
      return unwrap(api.POST("/api/v1/jobs/{job_id}/cancel", given));
    case "pause":
      return unwrap(api.POST("/api/v1/jobs/{job_id}/pause", given));
    case "resume":
      return unwrap(api.POST("/api/v1/jobs/{job_id}/resume", given));
    case "retry":
      return unwrap(api.POST("/api/v1/jobs/{job_id}/retry", given));
  }
}

/** Steer one job, and tell how it went. */
export function useJobAction() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ verb, job }: { verb: JobAction; job: Job }) => runJobAction(api, verb, job.id),
    onSuccess: (job, { verb }) => {
      queries.setQueryData(jobQuery(api, job.id).queryKey, job);
      notify({ type: "success", header: `${jobTitle(job)} ${DONE[verb]}` });
    },
    onError: (error, { verb, job }) => notifyProblem(`${JOB_ACTION_LABELS[verb]}: ${jobTitle(job)}`, error),
    onSettled: () => queries.invalidateQueries(),
  });
}

export interface RetrySelection {
  cause?: string;
  indices?: number[];
  canary?: { share: number; bar: number };
}

/** Retry some failed tasks: those of one cause, or by their numbers. */
export function useRetryTasks() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ job, selection }: { job: Pick<Job, "id" | "name">; selection: RetrySelection }) =>
      unwrap(api.POST("/api/v1/jobs/{job_id}/retry", { params: { path: { job_id: job.id } }, body: selection })),
    onSuccess: (job) => notify({ type: "success", header: `What was chosen of ${jobTitle(job)} is being retried` }),
    onError: (error, { job }) => notifyProblem(`Retry: ${jobTitle(job)}`, error),
    onSettled: () => queries.invalidateQueries(),
  });
}

export interface JobOverrides {
  name?: string;
  priority?: Priority;
}

/** The same job once more, with the same inputs. */
export function useCloneJob() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ job, changed, key }: { job: Job; changed: JobOverrides; key: string }) =>
      unwrap(
        api.POST("/api/v1/jobs/{job_id}/clone", {
          params: { path: { job_id: job.id }, header: { "idempotency-key": key } },
          body: changed as CloneRequest,
        }),
      ),
    onSuccess: (made) => {
      notify({
        type: "success",
        header: `${jobTitle(made)} is submitted`,
        content: "It is a clone, with the same inputs.",
      });
      return queries.invalidateQueries({ queryKey: ["jobs"] });
    },
    onError: (error, { job }) => notifyProblem(`Clone: ${jobTitle(job)}`, error),
  });
}

export interface DiscardRequest {
  job: Job;
  which: { cause: string } | { all: true };
  reason: string;
}

/** Leave failed tasks for good: a retry of all does not run them. */
export function useDiscardTasks() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ job, which, reason }: DiscardRequest) =>
      unwrap(
        api.POST("/api/v1/jobs/{job_id}/discard", { params: { path: { job_id: job.id } }, body: { ...which, reason } }),
      ),
    onSuccess: (job) => notify({ type: "success", header: `What was chosen of ${jobTitle(job)} is discarded` }),
    onError: (error, { job }) => notifyProblem(`Discard: ${jobTitle(job)}`, error),
    onSettled: () => queries.invalidateQueries(),
  });
}

export interface JobChange extends JobOverrides {
  /** Null for all that wait at once. */
  max_parallelism?: number | null;
  /** As a whole. */
  tags?: Record<string, string>;
}

/** Only what is given changes. */
export function useChangeJob() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ job, changed }: { job: Job; changed: JobChange }) =>
      unwrap(
        api.PATCH("/api/v1/jobs/{job_id}", { params: { path: { job_id: job.id } }, body: changed as ChangeRequest }),
      ),
    onSuccess: (job) => notify({ type: "success", header: `${jobTitle(job)} is changed` }),
    onError: (error, { job }) => notifyProblem(`Change: ${jobTitle(job)}`, error),
    onSettled: () => queries.invalidateQueries(),
  });
}

/** Nobody sees a deleted job any more. */
export function useDeleteJob() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (job: Job) => {
      await api.DELETE("/api/v1/jobs/{job_id}", { params: { path: { job_id: job.id } } });
    },
    onSuccess: (_, job) => {
      notify({ type: "success", header: `${jobTitle(job)} is deleted` });
      queries.removeQueries({ queryKey: ["job", job.id] });
      return queries.invalidateQueries({ queryKey: ["jobs"] });
    },
    onError: (error, job) => notifyProblem(`Delete: ${jobTitle(job)}`, error),
  });
}

export const jobTitle = (job: Pick<Job, "id" | "name">): string => job.name || job.id;

export const unfinishedTasks = (job: Job): number => job.counts.pending + job.counts.running + job.counts.retrying;

/** What the job's state lets a user do. */
export function allowedActions(job: Job): Record<JobAction, boolean> {
  const live = job.status === "PENDING" || job.status === "ENQUEUED" || job.status === "RUNNING";
  return {
    cancel: live && !job.ending,
    pause: live && !job.ending && !job.paused,
    resume: live && !job.ending && job.paused,
    retry: job.status === "FAILED" && (job.task_count ?? 0) > 0,
  };
}
