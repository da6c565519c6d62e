import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { Export } from "@/lib/api/types";
import { API, makeJob, respondWith, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { Results } from "./results";

setUpFakeNetwork();

const file: Export = {
  id: "exp_1",
  job_id: makeJob().id,
  status: "RUNNING",
  created_at: "2026-11-26T10:00:00Z",
  finished_at: null,
  results: null,
  missing: null,
  size: null,
  url: null,
  error: null,
};

test("polls an export until it is ready, then shows its link and the number of missing results", async () => {
  const user = userEvent.setup();
  let polls = 0;
  respondWith("/jobs/:id/results", "ResultPageBody", {
    items: [{ index: 0, result: 7, too_large: false }],
    missing: [{ first: 1, last: 2, count: 2, why: "FAILED" }],
    next_token: null,
  });
  server.use(
    http.post(`${API}/api/v1/jobs/:id/exports`, () => HttpResponse.json(file, { status: 202 })),
    http.get(`${API}/api/v1/jobs/:id/exports/exp_1`, () => {
      polls += 1;
      const done = { status: "DONE", results: 48, missing: 2, size: 2_000, url: "https://files.test/exp_1" };
      return HttpResponse.json(polls > 1 ? { ...file, ...done } : file);
    }),
  );
  renderWithProviders(<Results job={makeJob({ status: "FAILED" })} taskHref={(index) => `/t/${index}`} />);

  expect(await screen.findByRole("link", { name: "1–2" })).toHaveAttribute("href", "/t/1");
  await user.click(screen.getByRole("button", { name: "Export results" }));

  const link = await screen.findByRole("link", { name: /Download 2.0 kB/ }, { timeout: 4_000 });
  expect(link).toHaveAttribute("href", "https://files.test/exp_1");
  expect(screen.getByText(/with 48 results\. 2 more lines contain the reason/)).toBeInTheDocument();
});
