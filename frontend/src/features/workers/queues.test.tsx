import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { respondWith, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { Queues } from "./queues";

setUpFakeNetwork();

const queue = (priority: "high" | "normal" | "low", waiting: number, oldestAge: number | null) => ({
  priority,
  waiting,
  in_flight: 0,
  delayed: 0,
  oldest_age: oldestAge,
});

test("shows the age of the oldest chunk, with a warning from ten minutes on", async () => {
  respondWith("/queues", "QueuesBody", {
    items: [queue("high", 3, 12), queue("normal", 3, 600), queue("low", 1, null)],
  });

  renderWithProviders(<Queues />);

  expect(await screen.findByText("Age of the oldest chunk: 12 s")).toBeInTheDocument();
  const old = screen.getByText("Age of the oldest chunk: 10 min");
  expect(old.closest("[class*=awsui_status-warning]")).not.toBeNull();
  expect(screen.getByText("Age of the oldest chunk: unknown")).toBeInTheDocument();
});

test("shows no age for an empty queue", async () => {
  respondWith("/queues", "QueuesBody", { items: [queue("high", 0, null)] });

  renderWithProviders(<Queues />);

  expect(await screen.findByText("High priority")).toBeInTheDocument();
  expect(screen.queryByText(/oldest/)).not.toBeInTheDocument();
});
