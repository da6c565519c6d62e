/** Sends conditional GET requests: a 304 response returns the cached body of its ETag. */

const MAX_ENTRIES = 200;

interface CachedResponse {
  tag: string;
  body: ArrayBuffer;
  headers: Headers;
}

export class EtagCache {
  private readonly entries = new Map<string, CachedResponse>();

  async fetch(request: Request): Promise<Response> {
    if (request.method !== "GET") return fetch(request);
    const cached = this.entries.get(request.url);
    if (cached) request.headers.set("If-None-Match", cached.tag);
    const response = await fetch(request);
    if (response.status === 304 && cached) return new Response(cached.body, { status: 200, headers: cached.headers });
    const tag = response.headers.get("ETag");
    if (response.status !== 200 || !tag) return response;
    const body = await response.arrayBuffer();
    this.store(request.url, { tag, body, headers: response.headers });
    return new Response(body, { status: 200, headers: response.headers });
  }

  /** Removes all entries, so that the next user cannot see them. */
  clear(): void {
    this.entries.clear();
  }

  private store(url: string, entry: CachedResponse): void {
    this.entries.delete(url);
    this.entries.set(url, entry);
    if (this.entries.size > MAX_ENTRIES) {
      const [oldest] = this.entries.keys();
      if (oldest !== undefined) this.entries.delete(oldest);
    }
  }
}
