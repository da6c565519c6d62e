/** The root component: creates the API client, the query cache and the router, and shows the sign-in page or the app. */

import I18nProvider from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { createAppRouter } from "@/app/router";
import { SignIn } from "@/app/sign-in";
import { createApiClient } from "@/lib/api/client";
import { PlatformProvider } from "@/lib/api/context";
import type { Auth } from "@/lib/auth/oidc";
import { session } from "@/lib/auth/session";
import type { Config } from "@/lib/config";
import { LiveClient } from "@/lib/live/live-client";
import { createQueryClient } from "@/lib/query";
import { useStore } from "@/lib/store";

export interface AppProps {
  config: Config;
  auth: Auth;
  signInError: string | null;
}

export function App({ config, auth, signInError }: AppProps) {
  const [{ platform, etags, queries, router }] = useState(() => {
    const client = createApiClient(config.api, auth);
    const queryClient = createQueryClient();
    return {
      platform: { api: client.api, auth, config, live: new LiveClient(client.api) },
      etags: client.etags,
      queries: queryClient,
      router: createAppRouter({ api: client.api, queries: queryClient }),
    };
  });
  const signedIn = useStore(session) !== null;
  useEffect(() => {
    if (signedIn) return;
    etags.clear();
    queries.clear();
  }, [signedIn, etags, queries]);
  return (
    <I18nProvider locale="en" messages={[messages]}>
      {signedIn ? (
        <QueryClientProvider client={queries}>
          <PlatformProvider value={platform}>
            <RouterProvider router={router} />
          </PlatformProvider>
        </QueryClientProvider>
      ) : (
        <SignIn auth={auth} config={config} error={signInError} />
      )}
    </I18nProvider>
  );
}
