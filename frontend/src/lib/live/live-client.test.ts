import { http, HttpResponse, ws } from "msw";
import { expect, test, vi } from "vitest";
import { createApiClient } from "@/lib/api/client";
import { liveState } from "@/lib/live/state";
import { refreshMode } from "@/lib/preferences";
import { API, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { LiveClient } from "./live-client";

setUpFakeNetwork();

const socket = ws.link("ws://live.test/live");

/** A live API that answers what is said only when it is told to. */
function slowly() {
  const answers: (() => void)[] = [];
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
        if (action === "subscribe")
          answers.push(() => client.send(JSON.stringify({ type: "subscribed", job_id: job })));
      }),
    ),
  );
  return answers;
}

test("what is shown is fetched once its deltas come, and not before: they go to nobody until then", async () => {
  const answers = slowly();
  refreshMode.set("live");
  const { api } = createApiClient(API, { token: async () => "t", renew: async () => false });
  const live = new LiveClient(api);
  const joined: string[] = [];
  live.onJoined((topic) => joined.push(topic));
  const leave = live.follow("job_1");

  await vi.waitFor(() => expect(answers).toHaveLength(1));
  expect([joined, liveState.get()]).toEqual([[], "connecting"]);
  answers[0]?.();
  await vi.waitFor(() => expect(joined).toEqual(["job_1"]));
  expect(liveState.get()).toBe("connected");

  const leaveAll = live.follow("*"); // over the same connection
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]?.();
  await vi.waitFor(() => expect(joined).toEqual(["job_1", "*"]));
  leaveAll();
  leave();
});
