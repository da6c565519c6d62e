/** The API, typed by docs/openapi.json: adds the token, renews it once, and throws Problem for all that is not 2xx. */

import createClient, { type Client } from "openapi-fetch";
import { answered, connection } from "@/lib/api/connection";
import { Etags } from "@/lib/api/etags";
import { Problem, problemOf, wordsFor } from "@/lib/api/problem";
import type { paths } from "@/lib/api/schema";
import type { Auth } from "@/lib/auth/oidc";

export type Api = Client<paths>;

export interface Wire {
  api: Api;
  etags: Etags;
}

export function makeWire(base: string, auth: Pick<Auth, "token" | "renew">): Wire {
  const etags = new Etags();
  const api = createClient<paths>({
    baseUrl: base,
    fetch: async (request: Request) => {
      let answer = await sent(request.clone(), auth, etags);
      if (answer.status === 401 && (await auth.renew())) answer = await sent(request, auth, etags);
      if (answer.status === 401) connection.set({ state: "expired" });
      if (!answer.ok) throw await problemOf(answer);
      return answer;
    },
    querySerializer: { array: { style: "form", explode: false } },
  });
  return { api, etags };
}

async function sent(request: Request, auth: Pick<Auth, "token">, etags: Etags): Promise<Response> {
  const token = await auth.token();
  if (token) request.headers.set("Authorization", `Bearer ${token}`);
  let answer: Response;
  try {
    answer = await etags.fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    answered(0);
    throw new Problem(0, `${wordsFor(0).title}.`);
  }
  answered(answer.status);
  return answer;
}

/** The body of an answer; a client that throws for errors has one. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  if (data === undefined) throw new Problem(500, "The API answered without a body.");
  return data;
}
