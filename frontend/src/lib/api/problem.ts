/** Errors of the API, and their descriptions. */

import type { components } from "@/lib/api/schema";

export type ProblemBody = components["schemas"]["Problem"];

/** A failed request. The status is 0 if no response arrived. */
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

  /** Whether the same request can succeed later. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export async function problemFrom(response: Response): Promise<Problem> {
  const document = (await response
    .clone()
    .json()
    .catch(() => ({}))) as Partial<ProblemBody> & { message?: string };
  const retryAfter = Number(response.headers.get("retry-after"));
  const { title, action } = describeStatus(response.status);
  const body = { request_id: response.headers.get("x-request-id") ?? "", ...document };
  const detail = document.detail ?? document.message ?? `${title}. ${action}`;
  return new Problem(response.status, detail, body, retryAfter || null);
}

export interface StatusDescription {
  title: string;
  /** The next step for the user. */
  action: string;
}

export function describeStatus(status: number): StatusDescription {
  switch (status) {
    case 0:
      return { title: "Cannot reach the API", action: "Check your network connection." };
    case 401:
      return { title: "Your session has expired", action: "Sign in again. This page keeps its state." };
    case 403:
      return { title: "Access denied", action: "Ask an administrator for access, or sign in as another user." };
    case 404:
      return { title: "Not found", action: "It might belong to another tenant, or its retention period has ended." };
    case 409:
      return { title: "Not possible in the current state", action: "Check the current state, then try again." };
    case 413:
      return { title: "Request too large", action: "Upload the inputs as a file." };
    case 422:
      return { title: "Invalid request", action: "Fix the invalid fields." };
    case 429:
      return { title: "Rate or limit exceeded", action: "Wait a moment, then try again." };
    case 503:
      return { title: "Service unavailable", action: "Wait a moment, then try again." };
    default:
      return status >= 500
        ? {
            title: "Internal error",
            action: "Try again. If the error persists, send the request ID to an administrator.",
          }
        : { title: `Unexpected response ${status}`, action: "Try again." };
  }
}
