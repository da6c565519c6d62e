/** The screens, each a piece of its own that is fetched when it is first shown. */

export const SCREENS = {
  jobs: () => import("@/app/screens/jobs"),
  job: () => import("@/app/screens/job"),
  newJob: () => import("@/app/screens/new-job"),
  taskTypes: () => import("@/app/screens/task-types"),
  workers: () => import("@/app/screens/workers"),
  deadLetters: () => import("@/app/screens/dead-letters"),
  bulkActions: () => import("@/app/screens/bulk-actions"),
  activity: () => import("@/app/screens/activity"),
  settings: () => import("@/app/screens/settings"),
};

/** The screen at a path, as far as it is one of those that are opened most: jobs, or one of them. */
export function screenAt(path: string): (() => Promise<unknown>) | null {
  if (path === "/" || path === "/jobs") return SCREENS.jobs;
  if (path === "/jobs/new") return SCREENS.newJob;
  return path.startsWith("/jobs/") ? SCREENS.job : null;
}
