/** The screens: their paths, their titles, and their code, which is loaded when a screen first opens. */

export const SCREENS = {
  jobs: { href: "/jobs", text: "Jobs", load: () => import("@/app/screens/jobs") },
  newJob: { href: "/jobs/new", text: "New job", load: () => import("@/app/screens/new-job") },
  job: { href: "/jobs/$jobId", text: "Job", load: () => import("@/app/screens/job") },
  taskTypes: { href: "/task-types", text: "Task types", load: () => import("@/app/screens/task-types") },
  workers: { href: "/workers", text: "Workers and queues", load: () => import("@/app/screens/workers") },
  deadLetters: { href: "/dead-letters", text: "Dead letters", load: () => import("@/app/screens/dead-letters") },
  bulkActions: { href: "/bulk-actions", text: "Bulk actions", load: () => import("@/app/screens/bulk-actions") },
  activity: { href: "/activity", text: "Activity", load: () => import("@/app/screens/activity") },
  settings: { href: "/settings", text: "Settings", load: () => import("@/app/screens/settings") },
} as const;

/** The entries of the side navigation: all screens except those whose paths have parameters. */
export const NAVIGATION = Object.values(SCREENS).filter(({ href }) => !href.includes("$"));

/** The loader of the screen at a path, if the screen is one of the most used: jobs, a new job or one job. */
export function screenToPreload(path: string): (() => Promise<unknown>) | null {
  if (path === "/" || path === SCREENS.jobs.href) return SCREENS.jobs.load;
  if (path === SCREENS.newJob.href) return SCREENS.newJob.load;
  return path.startsWith(`${SCREENS.jobs.href}/`) ? SCREENS.job.load : null;
}
