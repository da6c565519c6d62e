/** The console of one deployment: its API, what it keeps of it, and its screens. */

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
  refused: string | null;
}

export function App({ config, auth, refused }: AppProps) {
  const [{ platform, etags, queries, router }] = useState(() => {
    const { api, etags: tags } = createApiClient(config.api, auth);
    const kept = createQueryClient();
    return {
      platform: { api, auth, config, live: new LiveClient(api) },
      etags: tags,
      queries: kept,
      router: createAppRouter({ api, queries: kept }),
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
        <SignIn auth={auth} config={config} refused={refused} />
      )}
    </I18nProvider>
  );
}
