/** Addresses and their screens, each loaded when it is first shown. */

import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { BrokenScreen, NoScreen } from "@/app/error-screen";
import { Root } from "@/app/root";
import { type JobsSearch, readSearch } from "@/features/jobs/filters";

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value ? value : typeof value === "number" ? String(value) : undefined;

/** Only what is there: an address says nothing of what it does not set. */
function present<T extends Record<string, unknown>>(found: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const root = createRootRoute({
  component: Root,
  errorComponent: BrokenScreen,
  notFoundComponent: NoScreen,
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
  validateSearch: (said: Record<string, unknown>): JobsSearch => readSearch(said),
  component: lazyRouteComponent(() => import("@/app/screens/jobs")),
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
  component: lazyRouteComponent(() => import("@/app/screens/job")),
});

const newJob = createRoute({
  getParentRoute: () => root,
  path: "/jobs/new",
  validateSearch: (said: Record<string, unknown>) => present({ type: text(said.type) }),
  component: lazyRouteComponent(() => import("@/app/screens/new-job")),
});

const taskTypes = createRoute({
  getParentRoute: () => root,
  path: "/task-types",
  validateSearch: (said: Record<string, unknown>) => present({ type: text(said.type) }),
  component: lazyRouteComponent(() => import("@/app/screens/task-types")),
});

const workers = createRoute({
  getParentRoute: () => root,
  path: "/workers",
  component: lazyRouteComponent(() => import("@/app/screens/workers")),
});

const deadLetters = createRoute({
  getParentRoute: () => root,
  path: "/dead-letters",
  component: lazyRouteComponent(() => import("@/app/screens/dead-letters")),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("@/app/screens/settings")),
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
  component: lazyRouteComponent(() => import("@/app/screens/bulk-actions")),
});

const activity = createRoute({
  getParentRoute: () => root,
  path: "/activity",
  component: lazyRouteComponent(() => import("@/app/screens/activity")),
});

/** Plain `?name=text` both ways: an address is to be read and typed by people. */
const parseSearch = (search: string): Record<string, string> => Object.fromEntries(new URLSearchParams(search));

function stringifySearch(search: Record<string, unknown>): string {
  const said = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(said.map(([key, value]) => [key, String(value)])).toString();
  return query && `?${query.replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

export function makeRouter() {
  return createRouter({
    routeTree: root.addChildren([home, jobs, newJob, job, taskTypes, workers, deadLetters, bulkActions, activity, settings]),
    defaultErrorComponent: BrokenScreen,
    defaultPreload: "intent",
    parseSearch,
    stringifySearch,
    scrollRestoration: true,
  });
}

export type Router = ReturnType<typeof makeRouter>;

declare module "@tanstack/react-router" {
  interface Register {
    router: Router;
  }
}
