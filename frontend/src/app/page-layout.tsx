/** The layout of a screen: side navigation, breadcrumbs, notifications, content and an optional side panel. */

import AppLayout from "@cloudscape-design/components/app-layout";
import BreadcrumbGroup, { type BreadcrumbGroupProps } from "@cloudscape-design/components/breadcrumb-group";
import SideNavigation from "@cloudscape-design/components/side-navigation";
import { useRouterState } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Notifications } from "@/app/notifications";
import { NAVIGATION } from "@/app/screens";
import { usePlatform } from "@/lib/api/context";
import { navigationOpen } from "@/lib/preferences";
import { useStore } from "@/lib/store";

export interface PageLayoutProps {
  children: ReactNode;
  breadcrumbs: readonly Pick<BreadcrumbGroupProps.Item, "text" | "href">[];
  /** Tables, forms and cards have their own frames. */
  contentType?: "default" | "table" | "form" | "cards";
  panel?: ReactNode;
  onPanelClose?: () => void;
}

export function PageLayout({ children, breadcrumbs, contentType = "default", panel, onPanelClose }: PageLayoutProps) {
  const openOnWideScreen = useStore(navigationOpen);
  const [openOnNarrowScreen, setOpenOnNarrowScreen] = useState(false);
  const wide = matchMedia("(min-width: 1100px)").matches;
  const { stage } = usePlatform().config;
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <AppLayout
      headerSelector="#top"
      navigationOpen={wide ? openOnWideScreen : openOnNarrowScreen}
      onNavigationChange={({ detail }) => (wide ? navigationOpen.set(detail.open) : setOpenOnNarrowScreen(detail.open))}
      navigationWidth={240}
      navigation={
        <SideNavigation
          activeHref={activeHref(path)}
          header={{ text: stage ? `Stage ${stage}` : "Shoal", href: "/jobs" }}
          items={NAVIGATION.map(({ text, href }) => ({ type: "link", text, href }))}
        />
      }
      breadcrumbs={
        <BreadcrumbGroup items={breadcrumbs.map(({ text, href }) => ({ text, href }))} ariaLabel="Breadcrumbs" />
      }
      notifications={<Notifications />}
      content={children}
      contentType={contentType}
      toolsHide
      ariaLabels={{
        navigation: "Side navigation",
        navigationToggle: "Open side navigation",
        navigationClose: "Close side navigation",
        notifications: "Notifications",
      }}
      splitPanel={panel}
      splitPanelOpen={panel !== undefined}
      splitPanelPreferences={{ position: "side" }}
      onSplitPanelToggle={({ detail }) => {
        if (!detail.open) onPanelClose?.();
      }}
    />
  );
}

/** The navigation entry whose path is the longest prefix of the current one. */
function activeHref(path: string): string {
  const matching = NAVIGATION.map(({ href }) => href).filter((href) => path.startsWith(href));
  return matching.sort((a, b) => b.length - a.length)[0] ?? path;
}
