import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { ApiClient } from "@/lib/api/types";
import { API, respondWith, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { ApiClients } from "./api-clients";

setUpFakeNetwork();

const robot: ApiClient = { client_id: "robot", tenant: "acme" };

test("adds a client for a tenant, and validates both names", async () => {
  const user = userEvent.setup();
  const requests: unknown[] = [];
  respondWith("/machines", "MachinePageBody", { items: [robot], next_token: null });
  server.use(
    http.put(`${API}/api/v1/machines/:client`, async ({ params, request }) => {
      requests.push([params.client, await request.json()]);
      return HttpResponse.json({ client_id: "probe", tenant: "acme" } satisfies ApiClient);
    }),
  );
  renderWithProviders(<ApiClients />);
  await user.click(await screen.findByRole("button", { name: "Add API client" }));
  const dialog = within(screen.getByRole("dialog"));
  const add = dialog.getByRole("button", { name: "Add API client" });

  await user.type(dialog.getByLabelText("Client ID"), "a robot");
  await user.type(dialog.getByLabelText("Tenant"), "Acme");
  expect(dialog.getByText(/^Use letters, digits/)).toBeInTheDocument();
  expect(dialog.getByText(/start with a letter or digit/)).toBeInTheDocument();
  expect(add).toBeDisabled();

  await user.clear(dialog.getByLabelText("Client ID"));
  await user.type(dialog.getByLabelText("Client ID"), "probe");
  await user.clear(dialog.getByLabelText("Tenant"));
  await user.type(dialog.getByLabelText("Tenant"), "acme");
  await user.click(add);

  await expect.poll(() => requests).toEqual([["probe", { tenant: "acme" }]]);
});

test("warns that an existing client loses access to its tenant", async () => {
  const user = userEvent.setup();
  respondWith("/machines", "MachinePageBody", { items: [robot], next_token: null });
  renderWithProviders(<ApiClients />);
  await user.click(await screen.findByRole("button", { name: "Add API client" }));

  await user.type(screen.getByLabelText("Client ID"), "robot");

  expect(screen.getByText(/has access to tenant acme\. It will lose that access/)).toBeInTheDocument();
});

test("revokes access only after confirmation", async () => {
  const user = userEvent.setup();
  let clients = [robot];
  server.use(
    http.get(`${API}/api/v1/machines`, () => HttpResponse.json({ items: clients, next_token: null })),
    http.delete(`${API}/api/v1/machines/robot`, () => {
      clients = [];
      return new HttpResponse(null, { status: 204 });
    }),
  );
  renderWithProviders(<ApiClients />);

  await user.click(await screen.findByRole("button", { name: "Revoke access of robot" }));
  expect(screen.getByText(/rejects all further requests of robot/)).toBeInTheDocument();
  await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Revoke access" }));

  expect(await screen.findByText("No API clients")).toBeInTheDocument();
  expect(screen.getByText(/curl -X PUT http:\/\/api.test\/api\/v1\/machines/)).toBeInTheDocument();
});
