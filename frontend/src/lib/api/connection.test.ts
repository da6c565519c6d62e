import { beforeEach, expect, test, vi } from "vitest";
import { answered, connection, followNetwork } from "./connection";

followNetwork();
beforeEach(() => connection.set({ state: "fine" }));

const go = (on: boolean): void => {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(on);
  dispatchEvent(new Event(on ? "online" : "offline"));
};

test("who is offline stays so, whatever answer was still under way, until the network is back", () => {
  go(false);
  answered(200);
  expect(connection.get().state).toBe("offline");

  go(true);
  expect(connection.get().state).toBe("fine");
});

test("an API that answers nothing, or with faults, is away until it answers again", () => {
  for (const status of [0, 500, 503]) {
    answered(status);
    expect(connection.get()).toMatchObject({ state: "away", status });
    answered(200);
    expect(connection.get().state).toBe("fine");
  }
});

test("a session that ended is over whatever else is answered", () => {
  connection.set({ state: "expired" });

  answered(200);
  answered(503);

  expect(connection.get().state).toBe("expired");
});
