/** One WebSocket for all screens: subscribes to what they show, and is shut while nobody looks. */

import { unwrap, type Api } from "@/lib/api/client";
import { type Delta, isDelta, isSubscribed } from "@/lib/live/delta";
import { liveState } from "@/lib/live/state";
import { refreshMode } from "@/lib/preferences";

/** Milliseconds. A connection ends after ten minutes without a word. */
const PING = 4 * 60_000;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

/** A job's id, or "*" for all jobs of the tenant. */
export type Topic = string;

type Listener = (delta: Delta) => void;
type Joiner = (topic: Topic) => void;

export class LiveClient {
  private readonly topics = new Map<Topic, number>();
  private readonly listeners = new Set<Listener>();
  private readonly joiners = new Set<Joiner>();
  private socket: WebSocket | null = null;
  private opening = false;
  private pause = FIRST_PAUSE;
  private later: ReturnType<typeof setTimeout> | undefined;
  private ping: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly api: Api) {
    document.addEventListener("visibilitychange", () => this.look());
    refreshMode.subscribe(() => this.look());
  }

  /** Hear of a topic until the function that this returns is called. */
  follow(topic: Topic): () => void {
    const before = this.topics.get(topic) ?? 0;
    this.topics.set(topic, before + 1);
    if (before === 0) this.say("subscribe", topic);
    this.look();
    return () => {
      const left = (this.topics.get(topic) ?? 1) - 1;
      if (left > 0) {
        this.topics.set(topic, left);
        return;
      }
      this.topics.delete(topic);
      this.say("unsubscribe", topic);
    };
  }

  onDelta(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Called once a topic is heard of, at each connection: what was missed before has to be fetched. */
  onJoined(listener: Joiner): () => void {
    this.joiners.add(listener);
    return () => this.joiners.delete(listener);
  }

  /** Be connected exactly while somebody looks, wants it live, and shows something that moves. */
  private look(): void {
    const wanted = !document.hidden && refreshMode.get() === "live" && this.topics.size > 0;
    if (wanted && !this.socket && !this.opening && !this.later) void this.open();
    if (!wanted) this.shut();
  }

  private async open(): Promise<void> {
    this.opening = true;
    liveState.set("connecting");
    try {
      const ticket = await unwrap(this.api.POST("/api/v1/live-tickets", {}));
      const socket = new WebSocket(`${ticket.url}?ticket=${encodeURIComponent(ticket.ticket)}`);
      this.socket = socket;
      socket.addEventListener("open", () => this.joined());
      socket.addEventListener("message", (event: MessageEvent<string>) => this.heard(event.data));
      socket.addEventListener("close", () => this.ended(socket));
    } catch {
      this.again();
    } finally {
      this.opening = false;
    }
    if (document.hidden) this.shut();
  }

  private joined(): void {
    this.pause = FIRST_PAUSE;
    for (const topic of this.topics.keys()) this.say("subscribe", topic);
    this.ping = setInterval(() => this.socket?.send(JSON.stringify({ action: "ping" })), PING);
  }

  /** From now on deltas come; before, they went to nobody, however long the connection stood. */
  private subscribed(topic: Topic): void {
    liveState.set("connected");
    for (const joiner of this.joiners) joiner(topic);
  }

  private heard(text: string): void {
    const said: unknown = JSON.parse(text);
    if (isSubscribed(said)) this.subscribed(said.job_id ?? "*");
    if (!isDelta(said)) return;
    for (const listener of this.listeners) listener(said);
  }

  private ended(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    clearInterval(this.ping);
    this.again();
  }

  private again(): void {
    liveState.set("failed");
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      this.later = undefined;
      this.look();
    }, this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private shut(): void {
    clearTimeout(this.later);
    clearInterval(this.ping);
    this.later = undefined;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    liveState.set("off");
  }

  private say(action: "subscribe" | "unsubscribe", topic: Topic): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify(topic === "*" ? { action } : { action, job: topic }));
  }
}
