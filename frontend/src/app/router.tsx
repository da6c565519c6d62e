/** The routes: search parameters, data that loads before its screen, and the screens. */

import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { ErrorScreen, NotFoundScreen } from "@/app/error-screen";
import { Root } from "@/app/root";
import { SCREENS } from "@/app/screens";
import { jobQuery, jobsQuery } from "@/features/jobs/api";
import { type JobsSearch, parseSearch } from "@/features/jobs/filters";
import { jobsRequest, tablePreferences } from "@/features/jobs/table-preferences";
import { taskMapQuery } from "@/features/task-map/api";
import type { Api } from "@/lib/api/client";

interface RouterContext {
  api: Api;
  queries: QueryClient;
}

const root = createRootRouteWithContext<RouterContext>()({
  component: Root,
  errorComponent: ErrorScreen,
  notFoundComponent: NotFoundScreen,
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: SCREENS.jobs.href, replace: true });
  },
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: SCREENS.jobs.href,
  validateSearch: (search: Record<string, unknown>): JobsSearch => parseSearch(search),
  loaderDeps: ({ search }) => search,
  loader: ({ context: { api, queries }, deps }) => {
    void queries.prefetchQuery(jobsQuery(api, jobsRequest(deps, tablePreferences.get().pageSize, null)));
  },
  shouldReload: false,
  component: lazyRouteComponent(SCREENS.jobs.load),
});

const job = createRoute({
  getParentRoute: () => root,
  path: SCREENS.job.href,
  validateSearch: (search: Record<string, unknown>) =>
    defined({ tab: text(search.tab), tasks: text(search.tasks), task: integer(search.task, 0) }),
  loader: ({ context: { api, queries }, params: { jobId } }) => {
    void queries.prefetchQuery(jobQuery(api, jobId));
    void queries.prefetchQuery(taskMapQuery(api, jobId));
  },
  shouldReload: false,
  component: lazyRouteComponent(SCREENS.job.load),
});

const newJob = createRoute({
  getParentRoute: () => root,
  path: SCREENS.newJob.href,
  validateSearch: (search: Record<string, unknown>) => defined({ type: text(search.type) }),
  component: lazyRouteComponent(SCREENS.newJob.load),
});

const taskTypes = createRoute({
  getParentRoute: () => root,
  path: SCREENS.taskTypes.href,
  validateSearch: (search: Record<string, unknown>) => defined({ type: text(search.type) }),
  component: lazyRouteComponent(SCREENS.taskTypes.load),
});

const workers = createRoute({
  getParentRoute: () => root,
  path: SCREENS.workers.href,
  component: lazyRouteComponent(SCREENS.workers.load),
});

const deadLetters = createRoute({
  getParentRoute: () => root,
  path: SCREENS.deadLetters.href,
  component: lazyRouteComponent(SCREENS.deadLetters.load),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: SCREENS.settings.href,
  component: lazyRouteComponent(SCREENS.settings.load),
});

const bulkActions = createRoute({
  getParentRoute: () => root,
  path: SCREENS.bulkActions.href,
  validateSearch: (search: Record<string, unknown>) =>
    defined({ id: text(search.id), total: integer(search.total, 1) }),
  component: lazyRouteComponent(SCREENS.bulkActions.load),
});

const activity = createRoute({
  getParentRoute: () => root,
  path: SCREENS.activity.href,
  component: lazyRouteComponent(SCREENS.activity.load),
});

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value ? value : typeof value === "number" ? String(value) : undefined;

function integer(value: unknown, minimum: number): number | undefined {
  const number = Number(value);
  return value !== undefined && Number.isInteger(number) && number >= minimum ? number : undefined;
}

/** Removes undefined values, so that the address contains only parameters that are set. */
function defined<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Reads a plain query string such as `?name=text`. People read and type these addresses. */
const parseQuery = (search: string): Record<string, string> => Object.fromEntries(new URLSearchParams(search));

function stringifyQuery(search: Record<string, unknown>): string {
  const parameters = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(parameters.map(([key, value]) => [key, String(value)])).toString();
  return query && `?${query.replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

export function createAppRouter(context: RouterContext) {
  return createRouter({
    context,
    routeTree: root.addChildren([
      home,
      jobs,
      newJob,
      job,
      taskTypes,
      workers,
      deadLetters,
      bulkActions,
      activity,
      settings,
    ]),
    defaultErrorComponent: ErrorScreen,
    defaultPreload: "intent",
    parseSearch: parseQuery,
    stringifySearch: stringifyQuery,
    scrollRestoration: true,
  });
}

type AppRouter = ReturnType<typeof createAppRouter>;

declare module "@tanstack/react-router" {
  interface Register {
    router: AppRouter;
  }
}
