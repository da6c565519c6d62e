import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { WebhookSecret } from "@/lib/api/types";
import { respondWith, API, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { Webhooks } from "./webhooks";
import { describeDelivery } from "./descriptions";

setUpFakeNetwork();

const made: WebhookSecret = {
  id: "wh_1",
  url: "https://hooks.example.com/shoal",
  events: [],
  description: "",
  created_at: "2026-11-26T10:00:00Z",
  enabled: true,
  failing_since: null,
  disabled_at: null,
  disabled_reason: null,
  secret: "whsec_once",
};

test("the secret of a new webhook is shown until one says that it is kept", async () => {
  const user = userEvent.setup();
  const bodies: unknown[] = [];
  respondWith("/webhooks", "WebhookListBody", { items: [], next_token: null });
  server.use(
    http.post(`${API}/api/v1/webhooks`, async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json(made, { status: 201 });
    }),
  );
  renderWithProviders(<Webhooks />);

  await user.click(await screen.findByRole("button", { name: "Add a webhook" }));
  expect(screen.getByRole("button", { name: "Add webhook" })).toBeDisabled();
  await user.type(screen.getByLabelText("Address"), made.url);
  await user.click(screen.getByRole("button", { name: "Add webhook" }));

  const dialog = await screen.findByRole("dialog", { name: "Keep the secret now" });
  expect(within(dialog).getByText("whsec_once")).toBeInTheDocument();
  expect(bodies).toEqual([{ url: made.url, events: [], description: "" }]);
  await user.click(within(dialog).getByRole("button", { name: "I have kept it" }));
  expect(screen.queryByText("whsec_once")).not.toBeInTheDocument();
});

test.each([
  [{ status_code: 204, error: null, next_attempt_at: null }, "answered 204"],
  [{ status_code: 500, error: null, next_attempt_at: "2026-11-26T10:00:05Z" }, "answered 500; it is tried again"],
  [{ status_code: null, error: "timed out", next_attempt_at: null }, "timed out; it is not tried again"],
])("an attempt is told as it went", (delivery, words) => {
  expect(describeDelivery(delivery)).toBe(words);
});
