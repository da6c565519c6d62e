/** What went wrong with a request, as a sentence and a way on. */

import type { components } from "@/lib/api/schema";

export type ProblemBody = components["schemas"]["Problem"];

/** 0 where no answer came at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly body: Partial<ProblemBody> = {},
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
    this.name = "Problem";
  }

  get requestId(): string | null {
    return this.body.request_id ?? null;
  }

  get fields(): ProblemBody["errors"] {
    return this.body.errors ?? [];
  }

  /** Whether the same request may succeed in a while. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export async function problemFrom(answer: Response): Promise<Problem> {
  const said = (await answer
    .clone()
    .json()
    .catch(() => ({}))) as Partial<ProblemBody> & { message?: string };
  const after = Number(answer.headers.get("retry-after"));
  const { title, action: way } = describeStatus(answer.status);
  const body = { request_id: answer.headers.get("x-request-id") ?? "", ...said };
  return new Problem(answer.status, said.detail ?? said.message ?? `${title}. ${way}`, body, after || null);
}

export interface StatusDescription {
  title: string;
  /** What the user can do. */
  action: string;
}

/** What a status means to a user. */
export function describeStatus(status: number): StatusDescription {
  switch (status) {
    case 0:
      return { title: "The API does not answer", action: "Look at your network; it is asked again by itself." };
    case 401:
      return { title: "Your session has ended", action: "Sign in again; this page stays as it is." };
    case 403:
      return {
        title: "You may not do this",
        action: "Ask an administrator for the right, or sign in as somebody else.",
      };
    case 404:
      return { title: "There is no such thing", action: "It may be another tenant's, or its retention is over." };
    case 409:
      return { title: "Its state forbids this now", action: "Look at its present state, then decide." };
    case 413:
      return { title: "That is too large", action: "Upload the inputs as a file." };
    case 422:
      return { title: "Some of it is not right", action: "Mend the fields that are named." };
    case 429:
      return {
        title: "Too many requests, or a limit is reached",
        action: "Wait a moment; it is asked again by itself.",
      };
    case 503:
      return { title: "A service behind the API is away", action: "Wait a moment; it is asked again by itself." };
    default:
      return status >= 500
        ? { title: "The API has a fault", action: "Try again; then tell who runs the deployment the request id." }
        : { title: `The API answers ${status}`, action: "Try again." };
  }
}
