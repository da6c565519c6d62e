import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { BulkAction } from "@/lib/api/types";
import { API, respondWith, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { BulkActionMenu } from "./bulk-action-menu";

setUpFakeNetwork();

const dryRun: BulkAction = {
  id: "bulk_1",
  action: "cancel",
  filter: { status: ["RUNNING"] },
  dry_run: true,
  status: "COMPLETED",
  aborting: false,
  by: "you",
  done: 1_234,
  refused: 0,
  refusals: [],
  created_at: "2026-11-26T10:00:00Z",
  finished_at: "2026-11-26T10:00:02Z",
  reason: null,
  links: {},
};

test("counts the jobs with a dry run before the confirmation", async () => {
  const user = userEvent.setup();
  const requests: { dry_run: boolean }[] = [];
  const totals: number[] = [];
  respondWith("/bulk-actions/:id", "BulkActionBody", dryRun);
  server.use(
    http.post(`${API}/api/v1/bulk-actions`, async ({ request }) => {
      requests.push((await request.json()) as { dry_run: boolean });
      return HttpResponse.json({ ...dryRun, status: "RUNNING", done: 0 }, { status: 202 });
    }),
  );
  renderWithProviders(
    <BulkActionMenu
      filterAt={() => ({ status: ["RUNNING"] })}
      onStarted={(_, total) => totals.push(total)}
      onHistory={() => undefined}
    />,
  );

  await user.click(screen.getByRole("button", { name: "Bulk actions" }));
  await user.click(await screen.findByRole("menuitem", { name: "Cancel" }));
  const confirm = await screen.findByRole("button", { name: "Cancel 1,234 jobs" });
  expect(requests.map((each) => each.dry_run)).toEqual([true]);
  await user.click(confirm);

  await waitFor(() => expect(totals).toEqual([1_234]));
  expect(requests).toEqual([
    { action: "cancel", filter: { status: ["RUNNING"] }, dry_run: true },
    { action: "cancel", filter: { status: ["RUNNING"] }, dry_run: false },
  ]);
});

test("actions are disabled without a filter", async () => {
  const user = userEvent.setup();
  renderWithProviders(<BulkActionMenu filterAt={() => null} onStarted={() => undefined} onHistory={() => undefined} />);

  await user.click(screen.getByRole("button", { name: "Bulk actions" }));

  expect(await screen.findByRole("menuitem", { name: /^Delete/ })).toHaveAttribute("aria-disabled", "true");
});
