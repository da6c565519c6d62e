/** The API client, typed by docs/openapi.json. Adds the access token, renews it once, and throws Problem for errors. */

import createClient, { type Client } from "openapi-fetch";
import { connection, recordResponse } from "@/lib/api/connection";
import { EtagCache } from "@/lib/api/etag-cache";
import { describeStatus, Problem, problemFrom } from "@/lib/api/problem";
import type { paths } from "@/lib/api/schema";
import type { Auth } from "@/lib/auth/oidc";

export type Api = Client<paths>;

export function createApiClient(baseUrl: string, auth: Pick<Auth, "token" | "renew">): { api: Api; etags: EtagCache } {
  const etags = new EtagCache();
  const api = createClient<paths>({
    baseUrl,
    fetch: async (request: Request) => {
      let response = await send(request.clone(), auth, etags);
      if (response.status === 401 && (await auth.renew())) response = await send(request, auth, etags);
      if (response.status === 401) connection.set({ state: "expired" });
      if (!response.ok) throw await problemFrom(response);
      return response;
    },
    querySerializer: { array: { style: "form", explode: false } },
  });
  return { api, etags };
}

async function send(request: Request, auth: Pick<Auth, "token">, etags: EtagCache): Promise<Response> {
  const token = await auth.token();
  if (token) request.headers.set("Authorization", `Bearer ${token}`);
  let response: Response;
  try {
    response = await etags.fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    recordResponse(0);
    throw new Problem(0, `${describeStatus(0).title}.`);
  }
  recordResponse(response.status);
  return response;
}

/** Returns the body of a successful response. */
export async function unwrap<T>(response: Promise<{ data?: T }>): Promise<T> {
  const { data } = await response;
  if (data === undefined) throw new Problem(500, "The API returned an empty response.");
  return data;
}
