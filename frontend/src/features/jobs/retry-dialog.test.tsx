import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { Failures } from "@/lib/api/types";
import { makeJob, respondWith, API, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { DiscardDialog } from "./discard-dialog";
import { RetryDialog } from "./retry-dialog";

setUpFakeNetwork();

const failed = makeJob({
  status: "FAILED",
  counts: { pending: 0, running: 0, retrying: 0, completed: 80, failed: 20, cancelled: 0 },
});

const failures: Failures = {
  items: [
    {
      cause: "0123456789abcdef",
      task_type: "cpu",
      error_type: "TimeoutError",
      message: "no answer of <*>",
      count: 12,
      discarded: 0,
      discard: null,
      examples: [],
    },
  ],
  failed: 20,
  counted: 20,
  next_token: null,
};

/** The bodies that were sent to a verb of the job. */
function sent(verb: string): unknown[] {
  const bodies: unknown[] = [];
  server.use(
    http.post(`${API}/api/v1/jobs/:id/${verb}`, async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json(failed);
    }),
  );
  return bodies;
}

test("a few of one cause go first, as many as the fields say", async () => {
  const user = userEvent.setup();
  const bodies = sent("retry");
  respondWith("/jobs/:id/failures", "FailuresBody", failures);
  renderWithProviders(<RetryDialog job={failed} tasks={20} onClose={() => undefined} />);

  await user.click(await screen.findByRole("radio", { name: "Those of one cause" }));
  expect(screen.getByRole("button", { name: "Retry failed" })).toBeDisabled();
  await user.click(screen.getByRole("button", { name: /Cause/ }));
  await user.click(await screen.findByRole("option", { name: /TimeoutError/ }));
  await user.click(screen.getByRole("radio", { name: /A few first/ }));
  await user.clear(screen.getByLabelText("Goes first, in %"));
  await user.type(screen.getByLabelText("Goes first, in %"), "25");
  expect(screen.getByText(/About 3 of 12 tasks that failed with TimeoutError/)).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Retry failed" }));

  await waitFor(() => expect(bodies).toEqual([{ cause: "0123456789abcdef", canary: { share: 0.25, bar: 0.9 } }]));
});

test("nothing is discarded without a reason", async () => {
  const user = userEvent.setup();
  const bodies = sent("discard");
  renderWithProviders(<DiscardDialog job={failed} tasks={20} onClose={() => undefined} />);

  expect(screen.getByRole("button", { name: "Discard" })).toBeDisabled();
  await user.type(screen.getByLabelText("Reason"), " bad inputs ");
  await user.click(screen.getByRole("button", { name: "Discard" }));

  await waitFor(() => expect(bodies).toEqual([{ all: true, reason: "bad inputs" }]));
});
