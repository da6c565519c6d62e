import { beforeEach, expect, test, vi } from "vitest";
import { recordResponse, connection, watchNetwork } from "./connection";

watchNetwork();
beforeEach(() => connection.set({ state: "fine" }));

const go = (on: boolean): void => {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(on);
  dispatchEvent(new Event(on ? "online" : "offline"));
};

test("who is offline stays so, whatever answer was still under way, until the network is back", () => {
  go(false);
  recordResponse(200);
  expect(connection.get().state).toBe("offline");

  go(true);
  expect(connection.get().state).toBe("fine");
});

test("an API that answers nothing, or with faults, is away until it answers again", () => {
  for (const status of [0, 500, 503]) {
    recordResponse(status);
    expect(connection.get()).toMatchObject({ state: "away", status });
    recordResponse(200);
    expect(connection.get().state).toBe("fine");
  }
});

test("a session that ended is over whatever else is answered", () => {
  connection.set({ state: "expired" });

  recordResponse(200);
  recordResponse(503);

  expect(connection.get().state).toBe("expired");
});
