/** The API and the sign-in, for components. */

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
  const found = useContext(Context);
  if (!found) throw new Error("there is no PlatformProvider above");
  return found;
}

export const useApi = (): Api => usePlatform().api;
