import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { ApiClient } from "@/lib/api/types";
import { respondWith, API, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { ApiClients } from "./api-clients";

setUpFakeNetwork();

const robot: ApiClient = { client_id: "robot", tenant: "acme" };

test("a machine is let in for one tenant, by names that the API takes", async () => {
  const user = userEvent.setup();
  const asked: unknown[] = [];
  respondWith("/machines", "MachinePageBody", { items: [robot], next_token: null });
  server.use(
    http.put(`${API}/api/v1/machines/:client`, async ({ params, request }) => {
      asked.push([params.client, await request.json()]);
      return HttpResponse.json({ client_id: "probe", tenant: "acme" } satisfies ApiClient);
    }),
  );
  renderWithProviders(<ApiClients />);
  await user.click(await screen.findByRole("button", { name: "Let a machine in" }));
  const dialog = within(screen.getByRole("dialog"));
  const send = dialog.getByRole("button", { name: "Let in" });

  await user.type(dialog.getByLabelText("Client"), "a robot");
  await user.type(dialog.getByLabelText("Tenant"), "Acme");
  expect(dialog.getByText(/Letters, digits/)).toBeInTheDocument();
  expect(dialog.getByText(/a letter or digit first/)).toBeInTheDocument();
  expect(send).toBeDisabled();

  await user.clear(dialog.getByLabelText("Client"));
  await user.type(dialog.getByLabelText("Client"), "probe");
  await user.clear(dialog.getByLabelText("Tenant"));
  await user.type(dialog.getByLabelText("Tenant"), "acme");
  await user.click(send);

  await expect.poll(() => asked).toEqual([["probe", { tenant: "acme" }]]);
});

test("who moves a machine reads for whom it works now", async () => {
  const user = userEvent.setup();
  respondWith("/machines", "MachinePageBody", { items: [robot], next_token: null });
  renderWithProviders(<ApiClients />);
  await user.click(await screen.findByRole("button", { name: "Let a machine in" }));

  await user.type(screen.getByLabelText("Client"), "robot");

  expect(screen.getByText(/works for acme now/)).toBeInTheDocument();
});

test("a machine is shut out once it was said what that does", async () => {
  const user = userEvent.setup();
  let machines = [robot];
  server.use(
    http.get(`${API}/api/v1/machines`, () => HttpResponse.json({ items: machines, next_token: null })),
    http.delete(`${API}/api/v1/machines/robot`, () => {
      machines = [];
      return new HttpResponse(null, { status: 204 });
    }),
  );
  renderWithProviders(<ApiClients />);

  await user.click(await screen.findByRole("button", { name: "Shut robot out" }));
  expect(screen.getByText(/From its next request on robot is refused/)).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Shut out" }));

  expect(await screen.findByText(/No machine is let in/)).toBeInTheDocument();
  expect(screen.getByText(/curl -X PUT http:\/\/api.test\/api\/v1\/machines/)).toBeInTheDocument();
});
