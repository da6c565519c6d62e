/** The bar at the top: search, theme and user menu. */

import CloudscapeTopNavigation from "@cloudscape-design/components/top-navigation";
import { THEME_LABELS } from "@/components/theme-labels";
import { usePlatform } from "@/lib/api/context";
import { useUser } from "@/lib/auth/session";
import { type Theme, theme, useTheme } from "@/lib/preferences";
import { useClearCache } from "@/lib/query";

export function TopNavigation({ onSearch }: { onSearch: () => void }) {
  const { auth } = usePlatform();
  const clearCache = useClearCache();
  const user = useUser();
  const current = useTheme();
  return (
    <CloudscapeTopNavigation
      identity={{
        href: "/jobs",
        title: "Shoal",
        logo: { src: "/shoal.svg", alt: "" },
      }}
      utilities={[
        { type: "button", iconName: "search", text: "Search", title: "Search (Ctrl+K or ⌘K)", onClick: onSearch },
        {
          type: "menu-dropdown",
          iconName: "settings",
          ariaLabel: "Theme",
          title: "Theme",
          items: (Object.keys(THEME_LABELS) as Theme[]).map((each) => ({
            id: each,
            text: THEME_LABELS[each],
            itemType: "checkbox" as const,
            checked: current === each,
          })),
          onItemClick: ({ detail }) => theme.set(detail.id as Theme),
        },
        {
          type: "menu-dropdown",
          text: user?.name ?? "",
          description: user?.tenant ? `Tenant ${user.tenant}` : "No tenant",
          iconName: "user-profile",
          ariaLabel: `Account of ${user?.name ?? ""}`,
          items: [
            { id: "settings", text: "Settings", href: "/settings" },
            { id: "sign-out", text: "Sign out" },
          ],
          onItemClick: ({ detail }) => {
            if (detail.id !== "sign-out") return;
            clearCache();
            void auth.signOut();
          },
        },
      ]}
    />
  );
}
