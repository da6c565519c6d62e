import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { describeStatus } from "@/lib/api/problem";
import { API, makeJob, respondWith, respondWithProblem, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { JobsTable } from "./jobs-table";

setUpFakeNetwork();

const renderTable = (search = {}) =>
  renderWithProviders(<JobsTable search={search} onSearch={() => undefined} taskTypes={["cpu"]} />);

test("shows the status and the task counts of a job", async () => {
  respondWith("/jobs", "JobPageBody", { items: [makeJob()], next_token: null });

  renderTable();

  const row = await screen.findByRole("row", { name: /nightly/ });
  expect(within(row).getByText("Running")).toBeInTheDocument();
  expect(within(row).getByRole("img", { name: "48 completed, 2 failed, 10 running, 40 pending" })).toBeInTheDocument();
});

test("fills a page that the API ended early with the next one", async () => {
  server.use(
    http.get(`${API}/api/v1/jobs`, ({ request }) => {
      const later = new URL(request.url).searchParams.get("next_token");
      const job = later ? makeJob({ id: "job_2", name: "second" }) : makeJob({ id: "job_1", name: "first" });
      return HttpResponse.json({ items: [job], next_token: later ? null : "more" });
    }),
  );

  renderTable({ type: "cpu" });

  expect(await screen.findByRole("row", { name: /first/ })).toBeInTheDocument();
  expect(screen.getByRole("row", { name: /second/ })).toBeInTheDocument();
});

test.each([
  [50, "more", true],
  [2, null, false],
])("notes that sorting applies to one page (%d jobs, next page: %s): %s", async (count, nextToken, noted) => {
  const user = userEvent.setup();
  const jobs = Array.from({ length: count }, (_, i) =>
    makeJob({ id: `job_${i}`, name: `job ${i}`, task_count: count - i }),
  );
  respondWith("/jobs", "JobPageBody", { items: jobs, next_token: nextToken });

  renderTable();
  await screen.findByRole("row", { name: /job 1\b/ });
  const [header] = screen.getAllByRole("columnheader", { name: /^Tasks/ });
  if (header) await user.click(within(header).getAllByRole("button")[0] as HTMLElement);

  expect(screen.queryByText(/^The sort order applies to this page/) !== null).toBe(noted);
});

test("shows the title, the detail and the request ID of a problem", async () => {
  respondWithProblem("/jobs", {
    type: "urn:shoal:problem:no-tenant",
    title: "Forbidden",
    status: 403,
    detail: "some reason",
    errors: [],
    request_id: "req-1",
  });

  renderTable();

  expect(await screen.findByText(describeStatus(403).title)).toBeInTheDocument();
  expect(screen.getByText("Some reason.")).toBeInTheDocument();
  expect(screen.getByText("req-1")).toBeInTheDocument();
});

test("shows how many tasks a cancellation affects, and cancels only after confirmation", async () => {
  const user = userEvent.setup();
  const cancelled: string[] = [];
  respondWith("/jobs", "JobPageBody", { items: [makeJob()], next_token: null });
  server.use(
    http.post(`${API}/api/v1/jobs/:id/cancel`, ({ params }) => {
      cancelled.push(String(params.id));
      return HttpResponse.json(makeJob({ ending: "CANCELLED" }), { status: 202 });
    }),
  );

  renderTable();
  await user.click(await screen.findByRole("checkbox", { name: "Select nightly" }));
  await user.click(screen.getByRole("button", { name: "Actions" }));
  await user.click(await screen.findByRole("menuitem", { name: "Cancel" }));
  const dialog = await screen.findByRole("dialog", { name: "Cancel nightly?" });
  expect(within(dialog).getByText(/^Cancels 50 unfinished tasks\./)).toBeInTheDocument();
  expect(cancelled).toEqual([]);
  await user.click(within(dialog).getByRole("button", { name: "Cancel job" }));

  await waitFor(() => expect(cancelled).toEqual([makeJob().id]));
});
