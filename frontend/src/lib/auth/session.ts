/** The signed-in user and the tokens, stored for this tab only. */

import { persistedStore, useStore } from "@/lib/store";

export interface Session {
  access: string;
  refresh: string | null;
  /** Milliseconds since the epoch. */
  expires: number;
}

export interface User {
  name: string;
  tenant: string;
  admin: boolean;
  scopes: string[];
}

export const session = persistedStore<Session | null>("shoal.session", null, () => sessionStorage);

export const useUser = (): User | null => {
  const current = useStore(session);
  return current && userFromToken(current.access);
};

/** Reads the claims of an access token for display. The API verifies the token. */
function userFromToken(token: string): User {
  const claims = claimsOf(token);
  const groups = list(claims["cognito:groups"]);
  return {
    name: text(claims.username) || text(claims["cognito:username"]) || text(claims.sub) || "unknown",
    tenant: groups.find((each) => each.startsWith("tenant:"))?.slice("tenant:".length) ?? "",
    admin: groups.includes("admins"),
    scopes: text(claims.scope)
      .split(" ")
      .map((each) => each.replace(/^shoal\//, "")),
  };
}

function claimsOf(token: string): Record<string, unknown> {
  try {
    const payload = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (each) =>
      each.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const list = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
