import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { makeJob, respondWith, API, respondWithProblem, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { JobsTable } from "./jobs-table";

setUpFakeNetwork();

const shown = (search = {}) =>
  renderWithProviders(<JobsTable search={search} onSearch={() => undefined} taskTypes={["cpu"]} />);

test("a job is shown with its status in words and its counts in figures", async () => {
  respondWith("/jobs", "JobPageBody", { items: [makeJob()], next_token: null });

  shown();

  const row = await screen.findByRole("row", { name: /nightly/ });
  expect(within(row).getByText("Running")).toBeInTheDocument();
  expect(within(row).getByRole("img", { name: "48 completed, 2 failed, 10 running, 40 pending" })).toBeInTheDocument();
});

test("a page that the API ended early is filled from the next", async () => {
  server.use(
    http.get(`${API}/api/v1/jobs`, ({ request }) => {
      const later = new URL(request.url).searchParams.get("next_token");
      const job = later ? makeJob({ id: "job_2", name: "second" }) : makeJob({ id: "job_1", name: "first" });
      return HttpResponse.json({ items: [job], next_token: later ? null : "more" });
    }),
  );

  shown({ type: "cpu" });

  expect(await screen.findByRole("row", { name: /first/ })).toBeInTheDocument();
  expect(screen.getByRole("row", { name: /second/ })).toBeInTheDocument();
});

test.each([
  [50, "more", true],
  [2, null, false],
])("sorting says that it is of one page, if there are several (%d jobs, next page: %s)", async (count, next, told) => {
  const user = userEvent.setup();
  const jobs = Array.from({ length: count }, (_, i) =>
    makeJob({ id: `job_${i}`, name: `job ${i}`, task_count: count - i }),
  );
  respondWith("/jobs", "JobPageBody", { items: jobs, next_token: next });

  shown();
  await screen.findByRole("row", { name: /job 1\b/ });
  const [heads] = screen.getAllByRole("columnheader", { name: /^Tasks/ });
  if (heads) await user.click(within(heads).getAllByRole("button")[0] as HTMLElement);

  expect(screen.queryByText(/^Sorted within this page/) !== null).toBe(told);
});

test("a refusal says what it means, what to do, and its request id", async () => {
  respondWithProblem("/jobs", {
    type: "urn:shoal:problem:no-tenant",
    title: "Forbidden",
    status: 403,
    detail: "the token belongs to no tenant",
    errors: [],
    request_id: "req-1",
  });

  shown();

  expect(await screen.findByText("You may not do this")).toBeInTheDocument();
  expect(screen.getByText("The token belongs to no tenant.")).toBeInTheDocument();
  expect(screen.getByText("req-1")).toBeInTheDocument();
});

test("cancelling says how many tasks it takes before it is done", async () => {
  const user = userEvent.setup();
  const asked: string[] = [];
  respondWith("/jobs", "JobPageBody", { items: [makeJob()], next_token: null });
  server.use(
    http.post(`${API}/api/v1/jobs/:id/cancel`, ({ params }) => {
      asked.push(String(params.id));
      return HttpResponse.json(makeJob({ ending: "CANCELLED" }), { status: 202 });
    }),
  );

  shown();
  await user.click(await screen.findByRole("checkbox", { name: "Select nightly" }));
  await user.click(screen.getByRole("button", { name: "Actions" }));
  await user.click(await screen.findByRole("menuitem", { name: "Cancel" }));
  const dialog = await screen.findByRole("dialog", { name: "Cancel nightly?" });
  expect(within(dialog).getByText(/50 tasks that have not ended will be cancelled/)).toBeInTheDocument();
  expect(asked).toEqual([]);
  await user.click(within(dialog).getByRole("button", { name: "Cancel job" }));

  await waitFor(() => expect(asked).toEqual([makeJob().id]));
});
