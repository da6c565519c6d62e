/** One WebSocket for all screens. It subscribes to the jobs on the screen, and closes while the tab is hidden. */

import { type Api, unwrap } from "@/lib/api/client";
import { type Delta, isDelta, isSubscribed } from "@/lib/live/delta";
import { liveState } from "@/lib/live/state";
import { refreshMode } from "@/lib/preferences";

/** Milliseconds. API Gateway closes a connection that is idle for 10 minutes. */
const PING_INTERVAL = 4 * 60_000;
const MIN_RECONNECT_DELAY = 1_000;
const MAX_RECONNECT_DELAY = 60_000;

/** A job ID, or "*" for all jobs of the tenant. */
export type Topic = string;

type DeltaListener = (delta: Delta) => void;
type SubscribedListener = (topic: Topic) => void;

export class LiveClient {
  /** The number of subscribers of each topic. */
  private readonly topics = new Map<Topic, number>();
  private readonly deltaListeners = new Set<DeltaListener>();
  private readonly subscribedListeners = new Set<SubscribedListener>();
  private socket: WebSocket | null = null;
  private opening = false;
  private reconnectDelay = MIN_RECONNECT_DELAY;
  private reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  private pingTimer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly api: Api) {
    document.addEventListener("visibilitychange", () => this.updateConnection());
    refreshMode.subscribe(() => this.updateConnection());
  }

  /** Subscribes to a topic, and returns a function that unsubscribes. */
  subscribe(topic: Topic): () => void {
    const subscribers = this.topics.get(topic) ?? 0;
    this.topics.set(topic, subscribers + 1);
    if (subscribers === 0) this.send("subscribe", topic);
    this.updateConnection();
    return () => {
      const left = (this.topics.get(topic) ?? 1) - 1;
      if (left > 0) {
        this.topics.set(topic, left);
        return;
      }
      this.topics.delete(topic);
      this.send("unsubscribe", topic);
    };
  }

  onDelta(listener: DeltaListener): () => void {
    this.deltaListeners.add(listener);
    return () => this.deltaListeners.delete(listener);
  }

  /** Calls the listener when the server confirms a subscription. Earlier changes are missing and must be fetched. */
  onSubscribed(listener: SubscribedListener): () => void {
    this.subscribedListeners.add(listener);
    return () => this.subscribedListeners.delete(listener);
  }

  /** Connects while the tab is visible, the refresh mode is live and there is a topic. Otherwise disconnects. */
  private updateConnection(): void {
    const wanted = !document.hidden && refreshMode.get() === "live" && this.topics.size > 0;
    if (wanted && !this.socket && !this.opening && !this.reconnectTimer) void this.connect();
    if (!wanted) this.disconnect();
  }

  private async connect(): Promise<void> {
    this.opening = true;
    liveState.set("connecting");
    try {
      const ticket = await unwrap(this.api.POST("/api/v1/live-tickets", {}));
      const socket = new WebSocket(`${ticket.url}?ticket=${encodeURIComponent(ticket.ticket)}`);
      this.socket = socket;
      socket.addEventListener("open", () => this.handleOpen());
      socket.addEventListener("message", (event: MessageEvent<string>) => this.handleMessage(event.data));
      socket.addEventListener("close", () => this.handleClose(socket));
    } catch {
      this.scheduleReconnect();
    } finally {
      this.opening = false;
    }
    if (document.hidden) this.disconnect();
  }

  private handleOpen(): void {
    this.reconnectDelay = MIN_RECONNECT_DELAY;
    for (const topic of this.topics.keys()) this.send("subscribe", topic);
    this.pingTimer = setInterval(() => this.socket?.send(JSON.stringify({ action: "ping" })), PING_INTERVAL);
  }

  private handleMessage(data: string): void {
    const message: unknown = JSON.parse(data);
    if (isSubscribed(message)) this.handleSubscribed(message.job_id ?? "*");
    if (!isDelta(message)) return;
    for (const listener of this.deltaListeners) listener(message);
  }

  /** Deltas arrive only after this confirmation, not as soon as the connection is open. */
  private handleSubscribed(topic: Topic): void {
    liveState.set("connected");
    for (const listener of this.subscribedListeners) listener(topic);
  }

  private handleClose(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    clearInterval(this.pingTimer);
    this.scheduleReconnect();
  }

  private scheduleReconnect(): void {
    liveState.set("failed");
    clearTimeout(this.reconnectTimer);
    this.reconnectTimer = setTimeout(() => {
      this.reconnectTimer = undefined;
      this.updateConnection();
    }, this.reconnectDelay);
    this.reconnectDelay = Math.min(this.reconnectDelay * 2, MAX_RECONNECT_DELAY);
  }

  private disconnect(): void {
    clearTimeout(this.reconnectTimer);
    clearInterval(this.pingTimer);
    this.reconnectTimer = undefined;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    liveState.set("off");
  }

  private send(action: "subscribe" | "unsubscribe", topic: Topic): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify(topic === "*" ? { action } : { action, job: topic }));
  }
}
