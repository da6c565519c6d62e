import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { respondWith, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { WorkersAndQueues } from "./workers";

setUpFakeNetwork();

const queue = (priority: "high" | "normal" | "low", waiting: number, oldest_age: number | null) => ({
  priority,
  waiting,
  in_flight: 0,
  delayed: 0,
  oldest_age,
});

test("a queue tells for how long its oldest waits, and warns from ten minutes on, in words", async () => {
  respondWith("/workers", "WorkerPageBody", { items: [], next_token: null });
  respondWith("/queues", "QueuesBody", {
    items: [queue("high", 3, 12), queue("normal", 3, 600), queue("low", 1, null)],
  });

  renderWithProviders(<WorkersAndQueues />);

  expect(await screen.findByText("oldest waits 12 s")).toBeInTheDocument();
  expect(screen.getByText("Old: oldest waits 10 min")).toBeInTheDocument();
  expect(screen.getByText("age of the oldest not known")).toBeInTheDocument();
});

test("a queue in which nothing waits says nothing of an age", async () => {
  respondWith("/workers", "WorkerPageBody", { items: [], next_token: null });
  respondWith("/queues", "QueuesBody", { items: [queue("high", 0, null)] });

  renderWithProviders(<WorkersAndQueues />);

  expect(await screen.findByText("High")).toBeInTheDocument();
  expect(screen.queryByText(/oldest/)).not.toBeInTheDocument();
});
