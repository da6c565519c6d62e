/** The React context with the API client, the sign-in, the configuration and the live connection. */

import { createContext, type ReactNode, useContext } from "react";
import type { Api } from "@/lib/api/client";
import type { Auth } from "@/lib/auth/oidc";
import type { Config } from "@/lib/config";
import type { LiveClient } from "@/lib/live/live-client";

export interface Platform {
  api: Api;
  auth: Auth;
  config: Config;
  live: LiveClient;
}

const Context = createContext<Platform | null>(null);

export function PlatformProvider({ value, children }: { value: Platform; children: ReactNode }) {
  return <Context value={value}>{children}</Context>;
}

export function usePlatform(): Platform {
  const platform = useContext(Context);
  if (!platform) throw new Error("usePlatform requires a PlatformProvider");
  return platform;
}

export const useApi = (): Api => usePlatform().api;
