import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { BulkAction } from "@/lib/api/types";
import { respondWith, API, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { BulkActionMenu } from "./bulk-action-menu";

setUpFakeNetwork();

const counted: BulkAction = {
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

test("jobs are counted before one is asked whether to cancel them", async () => {
  const user = userEvent.setup();
  const asked: { dry_run: boolean }[] = [];
  const begun: number[] = [];
  respondWith("/bulk-actions/:id", "BulkActionBody", counted);
  server.use(
    http.post(`${API}/api/v1/bulk-actions`, async ({ request }) => {
      asked.push((await request.json()) as { dry_run: boolean });
      return HttpResponse.json({ ...counted, status: "RUNNING", done: 0 }, { status: 202 });
    }),
  );
  renderWithProviders(
    <BulkActionMenu
      filterAt={() => ({ status: ["RUNNING"] })}
      onStarted={(_, total) => begun.push(total)}
      onHistory={() => undefined}
    />,
  );

  await user.click(screen.getByRole("button", { name: "All that match" }));
  await user.click(await screen.findByRole("menuitem", { name: "Cancel" }));
  const go = await screen.findByRole("button", { name: "Cancel: 1,234 jobs" });
  expect(asked.map((each) => each.dry_run)).toEqual([true]);
  await user.click(go);

  await waitFor(() => expect(begun).toEqual([1_234]));
  expect(asked).toEqual([
    { action: "cancel", filter: { status: ["RUNNING"] }, dry_run: true },
    { action: "cancel", filter: { status: ["RUNNING"] }, dry_run: false },
  ]);
});

test("without a filter nothing can be done to all jobs", async () => {
  const user = userEvent.setup();
  renderWithProviders(<BulkActionMenu filterAt={() => null} onStarted={() => undefined} onHistory={() => undefined} />);

  await user.click(screen.getByRole("button", { name: "All that match" }));

  expect(await screen.findByRole("menuitem", { name: /^Delete/ })).toHaveAttribute("aria-disabled", "true");
});
