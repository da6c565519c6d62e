import { beforeEach, expect, test, vi } from "vitest";
import { connection, recordResponse, watchNetwork } from "./connection";

watchNetwork();
beforeEach(() => connection.set({ state: "ok" }));

const setOnline = (online: boolean): void => {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(online);
  dispatchEvent(new Event(online ? "online" : "offline"));
};

test("stays offline until the network is back, whatever responses still arrive", () => {
  setOnline(false);
  recordResponse(200);
  expect(connection.get().state).toBe("offline");

  setOnline(true);
  expect(connection.get().state).toBe("ok");
});

test("an API that is unreachable or returns 5xx is unavailable until it responds again", () => {
  for (const status of [0, 500, 503]) {
    recordResponse(status);
    expect(connection.get()).toMatchObject({ state: "unavailable", status });
    recordResponse(200);
    expect(connection.get().state).toBe("ok");
  }
});

test("an expired session stays expired, whatever responses still arrive", () => {
  connection.set({ state: "expired" });

  recordResponse(200);
  recordResponse(503);

  expect(connection.get().state).toBe("expired");
});
