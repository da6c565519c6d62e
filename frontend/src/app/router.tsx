/** Addresses and their screens, each loaded when it is first shown, beside the answers that it begins with. */

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
import { mapQuery } from "@/features/task-map/api";
import type { Api } from "@/lib/api/client";

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value ? value : typeof value === "number" ? String(value) : undefined;

/** Only what is there: an address says nothing of what it does not set. */
function present<T extends Record<string, unknown>>(found: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** What screens are made of, for those that ask before they are there. */
interface Sources {
  api: Api;
  queries: QueryClient;
}

const root = createRootRouteWithContext<Sources>()({
  component: Root,
  errorComponent: ErrorScreen,
  notFoundComponent: NotFoundScreen,
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/jobs", replace: true });
  },
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: "/jobs",
  validateSearch: (said: Record<string, unknown>): JobsSearch => parseSearch(said),
  loaderDeps: ({ search }) => search,
  loader: ({ context: { api, queries }, deps }) => {
    void queries.prefetchQuery(jobsQuery(api, jobsRequest(deps, tablePreferences.get().pageSize, null)));
  },
  shouldReload: false,
  component: lazyRouteComponent(SCREENS.jobs),
});

const job = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$jobId",
  validateSearch: (said: Record<string, unknown>) => {
    const task = Number(said.task);
    return present({
      tab: text(said.tab),
      tasks: text(said.tasks),
      task: said.task !== undefined && Number.isInteger(task) && task >= 0 ? task : undefined,
    });
  },
  loader: ({ context: { api, queries }, params: { jobId } }) => {
    void queries.prefetchQuery(jobQuery(api, jobId));
    void queries.prefetchQuery(mapQuery(api, jobId));
  },
  shouldReload: false,
  component: lazyRouteComponent(SCREENS.job),
});

const newJob = createRoute({
  getParentRoute: () => root,
  path: "/jobs/new",
  validateSearch: (said: Record<string, unknown>) => present({ type: text(said.type) }),
  component: lazyRouteComponent(SCREENS.newJob),
});

const taskTypes = createRoute({
  getParentRoute: () => root,
  path: "/task-types",
  validateSearch: (said: Record<string, unknown>) => present({ type: text(said.type) }),
  component: lazyRouteComponent(SCREENS.taskTypes),
});

const workers = createRoute({
  getParentRoute: () => root,
  path: "/workers",
  component: lazyRouteComponent(SCREENS.workers),
});

const deadLetters = createRoute({
  getParentRoute: () => root,
  path: "/dead-letters",
  component: lazyRouteComponent(SCREENS.deadLetters),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(SCREENS.settings),
});

const bulkActions = createRoute({
  getParentRoute: () => root,
  path: "/bulk-actions",
  validateSearch: (said: Record<string, unknown>) => {
    const total = Number(said.total);
    return present({
      id: text(said.id),
      total: said.total !== undefined && Number.isInteger(total) && total > 0 ? total : undefined,
    });
  },
  component: lazyRouteComponent(SCREENS.bulkActions),
});

const activity = createRoute({
  getParentRoute: () => root,
  path: "/activity",
  component: lazyRouteComponent(SCREENS.activity),
});

/** Plain `?name=text` both ways: an address is to be read and typed by people. */
const parseQuery = (search: string): Record<string, string> => Object.fromEntries(new URLSearchParams(search));

function stringifyQuery(search: Record<string, unknown>): string {
  const said = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(said.map(([key, value]) => [key, String(value)])).toString();
  return query && `?${query.replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

export function createAppRouter(context: Sources) {
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

type Router = ReturnType<typeof createAppRouter>;

declare module "@tanstack/react-router" {
  interface Register {
    router: Router;
  }
}
