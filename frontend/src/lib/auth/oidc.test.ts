import { http, HttpResponse } from "msw";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Auth } from "@/lib/auth/oidc";
import { session } from "@/lib/auth/session";
import type { Config } from "@/lib/config";
import { server, setUpFakeNetwork } from "../../../tests/fake-network";

const ISSUER = "http://issuer.test";
const config = { issuer: ISSUER, clientId: "console", scopes: [] } as unknown as Config;

setUpFakeNetwork();

beforeEach(() => {
  session.set({ access: "access", refresh: "refresh", expires: Date.now() + 3_600_000 });
  vi.stubGlobal("location", { origin: "http://console.test", assign: vi.fn() });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function discover(over: Record<string, string> = {}): void {
  const endpoints = { end_session_endpoint: `${ISSUER}/logout`, revocation_endpoint: `${ISSUER}/revoke`, ...over };
  server.use(http.get(`${ISSUER}/.well-known/openid-configuration`, () => HttpResponse.json(endpoints)));
}

test("a sign-out revokes the refresh token before it leaves", async () => {
  discover();
  const revoked: string[] = [];
  server.use(
    http.post(`${ISSUER}/revoke`, async ({ request }) => {
      expect(location.assign).not.toHaveBeenCalled();
      revoked.push(await request.text());
      return new HttpResponse(null, { status: 200 });
    }),
  );

  await new Auth(config).signOut();

  expect(revoked).toEqual(["client_id=console&token=refresh&token_type_hint=refresh_token"]);
  expect(session.get()).toBeNull();
  expect(location.assign).toHaveBeenCalledExactlyOnceWith(
    `${ISSUER}/logout?client_id=console&logout_uri=http%3A%2F%2Fconsole.test`,
  );
});

test("a sign-out works without an answer to the revocation", async () => {
  discover();
  server.use(http.post(`${ISSUER}/revoke`, () => HttpResponse.error()));

  await new Auth(config).signOut();

  expect(session.get()).toBeNull();
  expect(location.assign).toHaveBeenCalledOnce();
});
