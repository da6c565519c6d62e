/** Asks only whether something changed: answers are kept with their ETag, and a 304 is answered from there. */

const MOST = 200;

interface CachedResponse {
  tag: string;
  body: ArrayBuffer;
  headers: Headers;
}

export class EtagCache {
  private readonly kept = new Map<string, CachedResponse>();

  async fetch(request: Request): Promise<Response> {
    if (request.method !== "GET") return fetch(request);
    const found = this.kept.get(request.url);
    if (found) request.headers.set("If-None-Match", found.tag);
    const answer = await fetch(request);
    if (answer.status === 304 && found) return new Response(found.body, { status: 200, headers: found.headers });
    const tag = answer.headers.get("ETag");
    if (answer.status !== 200 || !tag) return answer;
    const body = await answer.arrayBuffer();
    this.keep(request.url, { tag, body, headers: answer.headers });
    return new Response(body, { status: 200, headers: answer.headers });
  }

  /** Another user must not see what the last one saw. */
  clear(): void {
    this.kept.clear();
  }

  private keep(url: string, answer: CachedResponse): void {
    this.kept.delete(url);
    this.kept.set(url, answer);
    if (this.kept.size > MOST) {
      const [oldest] = this.kept.keys();
      if (oldest !== undefined) this.kept.delete(oldest);
    }
  }
}
