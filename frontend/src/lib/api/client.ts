/** The API, typed by docs/openapi.json: adds the token, renews it once, and throws Problem for all that is not 2xx. */

import createClient, { type Client } from "openapi-fetch";
import { recordResponse, connection } from "@/lib/api/connection";
import { EtagCache } from "@/lib/api/etag-cache";
import { Problem, problemFrom, describeStatus } from "@/lib/api/problem";
import type { paths } from "@/lib/api/schema";
import type { Auth } from "@/lib/auth/oidc";

export type Api = Client<paths>;

export interface ApiClient {
  api: Api;
  etags: EtagCache;
}

export function createApiClient(base: string, auth: Pick<Auth, "token" | "renew">): ApiClient {
  const etags = new EtagCache();
  const api = createClient<paths>({
    baseUrl: base,
    fetch: async (request: Request) => {
      let answer = await sendRequest(request.clone(), auth, etags);
      if (answer.status === 401 && (await auth.renew())) answer = await sendRequest(request, auth, etags);
      if (answer.status === 401) connection.set({ state: "expired" });
      if (!answer.ok) throw await problemFrom(answer);
      return answer;
    },
    querySerializer: { array: { style: "form", explode: false } },
  });
  return { api, etags };
}

async function sendRequest(request: Request, auth: Pick<Auth, "token">, etags: EtagCache): Promise<Response> {
  const token = await auth.token();
  if (token) request.headers.set("Authorization", `Bearer ${token}`);
  let answer: Response;
  try {
    answer = await etags.fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    recordResponse(0);
    throw new Problem(0, `${describeStatus(0).title}.`);
  }
  recordResponse(answer.status);
  return answer;
}

/** The body of an answer; a client that throws for errors has one. */
export async function unwrap<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  if (data === undefined) throw new Problem(500, "The API answered without a body.");
  return data;
}
