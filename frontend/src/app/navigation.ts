/** Where one can go, in the order of the side navigation. */

export interface NavigationItem {
  text: string;
  href: string;
}

export const NAVIGATION: readonly NavigationItem[] = [
  { text: "Jobs", href: "/jobs" },
  { text: "New job", href: "/jobs/new" },
  { text: "Task types", href: "/task-types" },
  { text: "Workers and queues", href: "/workers" },
  { text: "Dead letters", href: "/dead-letters" },
  { text: "Bulk actions", href: "/bulk-actions" },
  { text: "Activity", href: "/activity" },
  { text: "Settings", href: "/settings" },
];
