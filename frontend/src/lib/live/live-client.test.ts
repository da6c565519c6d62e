import { http, HttpResponse, ws } from "msw";
import { expect, test, vi } from "vitest";
import { createApiClient } from "@/lib/api/client";
import { liveState } from "@/lib/live/state";
import { refreshMode } from "@/lib/preferences";
import { API, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { LiveClient } from "./live-client";

setUpFakeNetwork();

const socket = ws.link("ws://live.test/live");

/** A live API that confirms each subscription when the test calls the function in the returned list. */
function serveConfirmations() {
  const confirmations: (() => void)[] = [];
  server.use(
    http.post(`${API}/api/v1/live-tickets`, () =>
      HttpResponse.json(
        { ticket: "t", url: "ws://live.test/live", expires_at: "2026-11-26T10:00:30Z" },
        { status: 201 },
      ),
    ),
    socket.addEventListener("connection", ({ client }) =>
      client.addEventListener("message", ({ data }) => {
        const { action, job = null } = JSON.parse(String(data)) as { action: string; job?: string };
        if (action !== "subscribe") return;
        confirmations.push(() => client.send(JSON.stringify({ type: "subscribed", job_id: job })));
      }),
    ),
  );
  return confirmations;
}

test("reports a subscription only after the server has confirmed it", async () => {
  const confirmations = serveConfirmations();
  refreshMode.set("live");
  const { api } = createApiClient(API, { token: async () => "t", renew: async () => false });
  const live = new LiveClient(api);
  const subscribed: string[] = [];
  live.onSubscribed((topic) => subscribed.push(topic));
  const unsubscribe = live.subscribe("job_1");

  await vi.waitFor(() => expect(confirmations).toHaveLength(1));
  expect([subscribed, liveState.get()]).toEqual([[], "connecting"]);
  confirmations[0]?.();
  await vi.waitFor(() => expect(subscribed).toEqual(["job_1"]));
  expect(liveState.get()).toBe("connected");

  const unsubscribeAll = live.subscribe("*"); // over the same connection
  await vi.waitFor(() => expect(confirmations).toHaveLength(2));
  confirmations[1]?.();
  await vi.waitFor(() => expect(subscribed).toEqual(["job_1", "*"]));
  unsubscribeAll();
  unsubscribe();
});
