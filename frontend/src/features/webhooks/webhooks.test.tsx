import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { WebhookSecret } from "@/lib/api/types";
import { API, respondWith, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { Webhooks } from "./webhooks";
import { describeDelivery } from "./descriptions";

setUpFakeNetwork();

const webhook: WebhookSecret = {
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

test("shows the secret of a new webhook until the user confirms that it is saved", async () => {
  const user = userEvent.setup();
  const bodies: unknown[] = [];
  respondWith("/webhooks", "WebhookListBody", { items: [], next_token: null });
  server.use(
    http.post(`${API}/api/v1/webhooks`, async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json(webhook, { status: 201 });
    }),
  );
  renderWithProviders(<Webhooks />);

  await user.click(await screen.findByRole("button", { name: "Add webhook" }));
  const form = within(await screen.findByRole("dialog", { name: "Add webhook" }));
  expect(form.getByRole("button", { name: "Add webhook" })).toBeDisabled();
  await user.type(form.getByLabelText("URL"), webhook.url);
  await user.click(form.getByRole("button", { name: "Add webhook" }));

  const dialog = await screen.findByRole("dialog", { name: "Save the webhook secret" });
  expect(within(dialog).getByText("whsec_once")).toBeInTheDocument();
  expect(bodies).toEqual([{ url: webhook.url, events: [], description: "" }]);
  await user.click(within(dialog).getByRole("button", { name: "I saved the secret" }));
  expect(screen.queryByText("whsec_once")).not.toBeInTheDocument();
});

test.each([
  [{ status_code: 204, error: null, next_attempt_at: null }, "Status 204"],
  [{ status_code: 500, error: null, next_attempt_at: "2026-11-26T10:00:05Z" }, "Status 500, will be retried"],
  [{ status_code: null, error: "timed out", next_attempt_at: null }, "timed out, will not be retried"],
])("describes the outcome of a delivery: %j", (delivery, description) => {
  expect(describeDelivery(delivery)).toBe(description);
});
