/** Signs users in at the deployment's issuer: authorization code with PKCE, without a client secret. */

import { createPkcePair, randomText } from "@/lib/auth/pkce";
import { session, type Session } from "@/lib/auth/session";
import type { Config } from "@/lib/config";

interface Endpoints {
  authorization_endpoint: string;
  token_endpoint: string;
  end_session_endpoint?: string;
  revocation_endpoint?: string;
}

interface PendingSignIn {
  state: string;
  verifier: string;
  returnTo: string;
  popup: boolean;
}

class SignInError extends Error {}

const PENDING_KEY = "shoal.attempt";
const CHANNEL = "shoal.sign-in";
/** Tokens that expire within this time, in milliseconds, are renewed. */
const RENEW_BEFORE_EXPIRY = 60_000;
/** Milliseconds that a sign-in waits for the session after its popup was closed. */
const CLOSED_POPUP_TIMEOUT = 3_000;
/** Milliseconds that a sign-out waits for the revocation. */
const REVOCATION_TIMEOUT = 3_000;

export class Auth {
  private discovery: Promise<Endpoints> | null = null;
  private renewal: Promise<boolean> | null = null;

  constructor(private readonly config: Config) {}

  /** Redirects to the issuer's sign-in page, which redirects back to the console. */
  async signIn(returnTo: string): Promise<void> {
    location.assign(await this.signInUrl(returnTo, false));
  }

  /** Signs in with a popup window, so that this page keeps its state. Returns whether the user signed in. */
  async signInWithPopup(): Promise<boolean> {
    const popup = window.open("about:blank", "shoal-sign-in", "popup,width=520,height=680");
    if (!popup) return false;
    const channel = new BroadcastChannel(CHANNEL);
    const signedIn = new Promise<Session>((resolve) => {
      channel.addEventListener("message", (event: MessageEvent<Session>) => resolve(event.data));
    });
    const closed = new Promise<null>((resolve) => {
      const timer = setInterval(() => {
        if (!popup.closed) return;
        clearInterval(timer);
        setTimeout(() => resolve(null), CLOSED_POPUP_TIMEOUT);
      }, 500);
    });
    popup.location.assign(await this.signInUrl("/", true));
    const created = await Promise.race([signedIn, closed]);
    channel.close();
    if (created) session.set(created);
    return created !== null;
  }

  /**
   * Completes a sign-in if the address has the parameters of the issuer's redirect.
   * Returns true in a popup window, which has no other purpose and closes.
   */
  async completeSignIn(): Promise<boolean> {
    const parameters = new URLSearchParams(location.search);
    if (!parameters.has("state") || !(parameters.has("code") || parameters.has("error"))) return false;
    const pending = takePendingSignIn();
    history.replaceState(null, "", pending?.returnTo ?? "/");
    if (!pending || pending.state !== parameters.get("state")) return false;
    const code = parameters.get("code");
    if (!code) {
      throw new SignInError(
        parameters.get("error_description") ?? parameters.get("error") ?? "the issuer returned no code",
      );
    }
    const created = await this.requestToken({
      grant_type: "authorization_code",
      code,
      redirect_uri: location.origin,
      code_verifier: pending.verifier,
    });
    if (pending.popup) {
      new BroadcastChannel(CHANNEL).postMessage(created);
      window.close();
      return true;
    }
    session.set(created);
    return false;
  }

  /** Returns a valid access token, or null if no user is signed in. */
  async token(): Promise<string | null> {
    const current = session.get();
    if (!current) return null;
    if (current.expires - Date.now() < RENEW_BEFORE_EXPIRY) await this.renew();
    return session.get()?.access ?? null;
  }

  /** Renews the access token with the refresh token. Returns false if the user has to sign in again. */
  renew(): Promise<boolean> {
    this.renewal ??= this.requestRenewal().finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  /** Forgets the tokens, revokes the refresh token, and ends the session at the issuer. */
  async signOut(): Promise<void> {
    const refresh = session.get()?.refresh;
    session.set(null);
    const endpoints: Partial<Endpoints> = await this.endpoints().catch(() => ({}));
    if (refresh && endpoints.revocation_endpoint) await this.revoke(endpoints.revocation_endpoint, refresh);
    const endpoint = endpoints.end_session_endpoint;
    if (!endpoint) return location.assign("/");
    const query = new URLSearchParams({ client_id: this.config.clientId, logout_uri: location.origin });
    location.assign(`${endpoint}?${query}`);
  }

  /** Revokes a refresh token, and with it the access tokens that it returned. An unreachable issuer must not prevent the sign-out. */
  private async revoke(endpoint: string, token: string): Promise<void> {
    const body = new URLSearchParams({ client_id: this.config.clientId, token, token_type_hint: "refresh_token" });
    const signal = AbortSignal.timeout(REVOCATION_TIMEOUT);
    await fetch(endpoint, { method: "POST", body, signal }).catch(() => undefined);
  }

  private async requestRenewal(): Promise<boolean> {
    const current = session.get();
    if (!current?.refresh) return false;
    try {
      const created = await this.requestToken({ grant_type: "refresh_token", refresh_token: current.refresh });
      session.set({ ...created, refresh: created.refresh ?? current.refresh });
      return true;
    } catch {
      return false;
    }
  }

  private async signInUrl(returnTo: string, popup: boolean): Promise<string> {
    const { authorization_endpoint: endpoint } = await this.endpoints();
    const { verifier, challenge } = await createPkcePair();
    const state = `${popup ? "popup" : "page"}.${randomText()}`;
    storePendingSignIn({ state, verifier, returnTo, popup });
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.config.clientId,
      redirect_uri: location.origin,
      scope: this.config.scopes.join(" "),
      state,
      code_challenge: challenge,
      code_challenge_method: "S256",
    });
    return `${endpoint}?${query}`;
  }

  private async requestToken(form: Record<string, string>): Promise<Session> {
    const { token_endpoint: endpoint } = await this.endpoints();
    const response = await fetch(endpoint, {
      method: "POST",
      body: new URLSearchParams({ client_id: this.config.clientId, ...form }),
    });
    const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    if (!response.ok || typeof body.access_token !== "string") {
      throw new SignInError(`the issuer returned no token: ${String(body.error ?? response.status)}`);
    }
    return {
      access: body.access_token,
      refresh: typeof body.refresh_token === "string" ? body.refresh_token : null,
      expires: Date.now() + Number(body.expires_in ?? 3600) * 1000,
    };
  }

  private endpoints(): Promise<Endpoints> {
    this.discovery ??= fetch(`${this.config.issuer}/.well-known/openid-configuration`)
      .then(async (response) => {
        if (!response.ok) throw new SignInError(`the issuer returned status ${response.status}`);
        return (await response.json()) as Endpoints;
      })
      .catch((error: unknown) => {
        this.discovery = null;
        throw error instanceof SignInError ? error : new SignInError("cannot reach the issuer");
      });
    return this.discovery;
  }
}

/** Uses localStorage, because a popup window does not share sessionStorage. Taking the entry removes it. */
function storePendingSignIn(pending: PendingSignIn): void {
  localStorage.setItem(`${PENDING_KEY}.${pending.state}`, JSON.stringify(pending));
}

function takePendingSignIn(): PendingSignIn | null {
  const state = new URLSearchParams(location.search).get("state") ?? "";
  const stored = localStorage.getItem(`${PENDING_KEY}.${state}`);
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(`${PENDING_KEY}.`)) localStorage.removeItem(name);
  }
  return stored ? (JSON.parse(stored) as PendingSignIn) : null;
}
