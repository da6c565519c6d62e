/** Renders a component with the providers of the app and an API client for the fake network. */

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { createApiClient } from "@/lib/api/client";
import { PlatformProvider } from "@/lib/api/context";
import { Auth } from "@/lib/auth/oidc";
import type { Config } from "@/lib/config";
import { LiveClient } from "@/lib/live/live-client";
import { refreshMode } from "@/lib/preferences";
import { API } from "./fake-network";

const config: Config = {
  api: API,
  issuer: "http://issuer.test",
  clientId: "shoal",
  scopes: [],
  stage: "test",
  executionUrl: null,
  logsUrl: null,
};

const auth = new Auth(config);

export const { api } = createApiClient(API, auth);

export function renderWithProviders(component: ReactNode) {
  refreshMode.set("paused"); // no polling during a test
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <QueryClientProvider client={queries}>
      <PlatformProvider value={{ api, auth, config, live: new LiveClient(api) }}>{component}</PlatformProvider>
    </QueryClientProvider>,
  );
}
