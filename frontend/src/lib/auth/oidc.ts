/** Signs a user in at the deployment's issuer: authorization code with PKCE, no secret. */

import { createPkcePair, randomText } from "@/lib/auth/pkce";
import { session, type Session } from "@/lib/auth/session";
import type { Config } from "@/lib/config";

interface Endpoints {
  authorization_endpoint: string;
  token_endpoint: string;
  end_session_endpoint?: string;
}

interface PendingSignIn {
  state: string;
  verifier: string;
  back: string;
  popup: boolean;
}

class SignInError extends Error {}

const ATTEMPT = "shoal.attempt";
const CHANNEL = "shoal.sign-in";
/** Renew a token that ends within this, in milliseconds. */
const EARLY = 60_000;

export class Auth {
  private known: Promise<Endpoints> | null = null;
  private renewing: Promise<boolean> | null = null;

  constructor(private readonly config: Config) {}

  /** Leave for the issuer's page, to come back to `back`. */
  async signIn(back: string): Promise<void> {
    location.assign(await this.address(back, false));
  }

  /** Sign in again in a window of its own, so that this page stays as it is; true once it is done. */
  async signInBeside(): Promise<boolean> {
    const beside = window.open("about:blank", "shoal-sign-in", "popup,width=520,height=680");
    if (!beside) return false;
    const channel = new BroadcastChannel(CHANNEL);
    const told = new Promise<Session>((resolve) => {
      channel.addEventListener("message", (event: MessageEvent<Session>) => resolve(event.data));
    });
    const closed = new Promise<null>((resolve) => {
      const watch = setInterval(() => {
        if (!beside.closed) return;
        clearInterval(watch);
        setTimeout(() => resolve(null), 500);
      }, 500);
    });
    beside.location.assign(await this.address("/", true));
    const found = await Promise.race([told, closed]);
    channel.close();
    if (found) session.set(found);
    return found !== null;
  }

  /** End a sign-in if the address says that one came back; true if this window has done its work. */
  async comeBack(): Promise<boolean> {
    const said = new URLSearchParams(location.search);
    if (!said.has("state") || !(said.has("code") || said.has("error"))) return false;
    const attempt = takePendingSignIn();
    history.replaceState(null, "", attempt?.back ?? "/");
    if (!attempt || attempt.state !== said.get("state")) return false;
    const code = said.get("code");
    if (!code) throw new SignInError(said.get("error_description") ?? said.get("error") ?? "no code came back");
    const made = await this.granted({
      grant_type: "authorization_code",
      code,
      redirect_uri: location.origin,
      code_verifier: attempt.verifier,
    });
    if (attempt.popup) {
      new BroadcastChannel(CHANNEL).postMessage(made);
      window.close();
      return true;
    }
    session.set(made);
    return false;
  }

  /** A token that holds; null if nobody is signed in. */
  async token(): Promise<string | null> {
    const now = session.get();
    if (!now) return null;
    if (now.expires - Date.now() < EARLY) await this.renew();
    return session.get()?.access ?? null;
  }

  /** Get a new token for the old sign-in; false if the issuer wants the user to sign in again. */
  renew(): Promise<boolean> {
    this.renewing ??= this.renewed().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  async signOut(): Promise<void> {
    session.set(null);
    const { end_session_endpoint: end } = await this.endpoints().catch(() => ({ end_session_endpoint: undefined }));
    if (!end) return location.assign("/");
    const query = new URLSearchParams({ client_id: this.config.clientId, logout_uri: location.origin });
    location.assign(`${end}?${query}`);
  }

  private async renewed(): Promise<boolean> {
    const now = session.get();
    if (!now?.refresh) return false;
    try {
      const made = await this.granted({ grant_type: "refresh_token", refresh_token: now.refresh });
      session.set({ ...made, refresh: made.refresh ?? now.refresh });
      return true;
    } catch {
      return false;
    }
  }

  private async address(back: string, popup: boolean): Promise<string> {
    const { authorization_endpoint: there } = await this.endpoints();
    const proof = await createPkcePair();
    const state = `${popup ? "beside" : "here"}.${randomText()}`;
    storePendingSignIn({ state, verifier: proof.verifier, back, popup });
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.config.clientId,
      redirect_uri: location.origin,
      scope: this.config.scopes.join(" "),
      state,
      code_challenge: proof.challenge,
      code_challenge_method: "S256",
    });
    return `${there}?${query}`;
  }

  private async granted(form: Record<string, string>): Promise<Session> {
    const { token_endpoint: there } = await this.endpoints();
    const answer = await fetch(there, {
      method: "POST",
      body: new URLSearchParams({ client_id: this.config.clientId, ...form }),
    });
    const said = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    if (!answer.ok || typeof said.access_token !== "string") {
      throw new SignInError(`the issuer gave no token: ${String(said.error ?? answer.status)}`);
    }
    return {
      access: said.access_token,
      refresh: typeof said.refresh_token === "string" ? said.refresh_token : null,
      expires: Date.now() + Number(said.expires_in ?? 3600) * 1000,
    };
  }

  private endpoints(): Promise<Endpoints> {
    this.known ??= fetch(`${this.config.issuer}/.well-known/openid-configuration`)
      .then(async (answer) => {
        if (!answer.ok) throw new SignInError(`the issuer answers ${answer.status}`);
        return (await answer.json()) as Endpoints;
      })
      .catch((error: unknown) => {
        this.known = null;
        throw error instanceof SignInError ? error : new SignInError("the issuer does not answer");
      });
    return this.known;
  }
}

/** In localStorage, since a window beside shares no sessionStorage; gone once it is taken. */
function storePendingSignIn(attempt: PendingSignIn): void {
  localStorage.setItem(`${ATTEMPT}.${attempt.state}`, JSON.stringify(attempt));
}

function takePendingSignIn(): PendingSignIn | null {
  const state = new URLSearchParams(location.search).get("state") ?? "";
  const said = localStorage.getItem(`${ATTEMPT}.${state}`);
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(`${ATTEMPT}.`)) localStorage.removeItem(name);
  }
  return said ? (JSON.parse(said) as PendingSignIn) : null;
}
