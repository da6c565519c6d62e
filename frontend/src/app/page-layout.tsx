/** What every screen stands in: top and side navigation, notices, the state of session and network. */

import Alert from "@cloudscape-design/components/alert";
import AppLayout from "@cloudscape-design/components/app-layout";
import BreadcrumbGroup, { type BreadcrumbGroupProps } from "@cloudscape-design/components/breadcrumb-group";
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import SideNavigation from "@cloudscape-design/components/side-navigation";
import TopNavigation from "@cloudscape-design/components/top-navigation";
import { useQueryClient } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { NAVIGATION } from "@/app/navigation";
import { SessionExpiredDialog } from "@/app/session-expired-dialog";
import { connection, type Connection } from "@/lib/api/connection";
import { usePlatform } from "@/lib/api/context";
import { describeStatus } from "@/lib/api/problem";
import { useUser } from "@/lib/auth/session";
import { formatTime } from "@/lib/format";
import { dismiss, notifications } from "@/lib/notifications";
import { navigationOpen, theme, useTheme, useTimeZone, type Theme } from "@/lib/preferences";
import { useStore } from "@/lib/store";

const THEMES: Record<Theme, string> = { system: "As the system", light: "Light", dark: "Dark" };

function Top({ onPalette }: { onPalette: () => void }) {
  const { auth } = usePlatform();
  const queries = useQueryClient();
  const who = useUser();
  const painted = useTheme();
  return (
    <TopNavigation
      identity={{
        href: "/jobs",
        title: "Shoal",
        logo: { src: "/shoal.svg", alt: "" },
      }}
      utilities={[
        { type: "button", iconName: "search", text: "Find", title: "Find (Ctrl or ⌘ K)", onClick: onPalette },
        {
          type: "menu-dropdown",
          iconName: "settings",
          ariaLabel: "Theme",
          title: "Theme",
          items: (Object.keys(THEMES) as Theme[]).map((each) => ({
            id: each,
            text: THEMES[each],
            itemType: "checkbox" as const,
            checked: painted === each,
          })),
          onItemClick: ({ detail }) => theme.set(detail.id as Theme),
        },
        {
          type: "menu-dropdown",
          text: who?.name ?? "",
          description: who?.tenant ? `Tenant ${who.tenant}` : "No tenant",
          iconName: "user-profile",
          ariaLabel: `${who?.name ?? ""}, your account`,
          items: [
            { id: "settings", text: "Settings", href: "/settings" },
            { id: "out", text: "Sign out" },
          ],
          onItemClick: ({ detail }) => {
            if (detail.id !== "out") return;
            queries.clear();
            void auth.signOut();
          },
        },
      ]}
    />
  );
}

export interface PageLayoutProps {
  children: ReactNode;
  crumbs: BreadcrumbGroupProps.Item[];
  /** Tables bring their own frame. */
  contentType?: "default" | "table" | "form" | "cards";
  /** Beside the screen, while it is there. */
  panel?: ReactNode;
  onPanelClose?: () => void;
}

export function PageLayout({ children, crumbs, contentType = "default", panel, onPanelClose }: PageLayoutProps) {
  const beside = useStore(navigationOpen);
  const [above, setAbove] = useState(false);
  const wide = matchMedia("(min-width: 1100px)").matches;
  const { stage } = usePlatform().config;
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <AppLayout
      headerSelector="#top"
      navigationOpen={wide ? beside : above}
      onNavigationChange={({ detail }) => (wide ? navigationOpen.set(detail.open) : setAbove(detail.open))}
      navigationWidth={240}
      navigation={
        <SideNavigation
          activeHref={placeOf(path)}
          header={{ text: stage ? `Stage ${stage}` : "Shoal", href: "/jobs" }}
          items={NAVIGATION.map((each) => ({ type: "link", ...each }))}
        />
      }
      breadcrumbs={<BreadcrumbGroup items={crumbs} ariaLabel="Breadcrumbs" />}
      notifications={<Notices />}
      content={children}
      contentType={contentType}
      toolsHide
      ariaLabels={{
        navigation: "Places",
        navigationToggle: "Open places",
        navigationClose: "Close places",
        notifications: "Notices",
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

export function Frame({ children, onPalette }: { children: ReactNode; onPalette: () => void }) {
  return (
    <>
      <header id="top">
        <Top onPalette={onPalette} />
      </header>
      {children}
      <SessionExpiredDialog />
    </>
  );
}

function Notices() {
  const told = useStore(notifications);
  const net = useStore(connection);
  const items: FlashbarProps.MessageDefinition[] = told.map((each) => ({
    id: each.id,
    type: each.type,
    header: each.header,
    loading: each.type === "in-progress",
    content: each.content ?? "",
    dismissible: each.type !== "in-progress",
    dismissLabel: "Dismiss",
    onDismiss: () => dismiss(each.id),
  }));
  return (
    <>
      <NetworkNotice net={net} />
      {items.length > 0 && <Flashbar items={items} stackItems />}
    </>
  );
}

function NetworkNotice({ net }: { net: Connection }) {
  const zone = useTimeZone();
  switch (net.state) {
    case "fine":
    case "expired":
      return null;
    case "offline":
      return (
        <Alert type="warning" header="You are offline">
          What you see is as it was last fetched. It goes on by itself once your network is back.
        </Alert>
      );
    case "away": {
      const { title } = describeStatus(net.status);
      return (
        <Alert type="warning" header={title}>
          What you see is as it was at {formatTime(net.since, zone)}. It is asked again by itself.
        </Alert>
      );
    }
  }
}

/** The place in the side navigation that a path belongs to. */
function placeOf(path: string): string {
  const fitting = NAVIGATION.map(({ href }) => href).filter((href) => path.startsWith(href));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? path;
}
