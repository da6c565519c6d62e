import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import type { Failures } from "@/lib/api/types";
import { API, makeJob, respondWith, server, setUpFakeNetwork } from "../../../tests/fake-network";
import { renderWithProviders } from "../../../tests/render";
import { DiscardDialog } from "./discard-dialog";
import { RetryDialog } from "./retry-dialog";

setUpFakeNetwork();

const failedJob = makeJob({
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

/** Records the bodies of the requests for an action on the job. */
function recordBodies(action: string): unknown[] {
  const bodies: unknown[] = [];
  server.use(
    http.post(`${API}/api/v1/jobs/:id/${action}`, async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json(failedJob);
    }),
  );
  return bodies;
}

test("retries the tasks of one cause with a canary of the given size", async () => {
  const user = userEvent.setup();
  const bodies = recordBodies("retry");
  respondWith("/jobs/:id/failures", "FailuresBody", failures);
  renderWithProviders(<RetryDialog job={failedJob} tasks={20} onClose={() => undefined} />);

  await user.click(await screen.findByRole("radio", { name: "Tasks with a specific cause" }));
  expect(screen.getByRole("button", { name: "Retry failed tasks" })).toBeDisabled();
  await user.click(screen.getByRole("button", { name: /Cause/ }));
  await user.click(await screen.findByRole("option", { name: /TimeoutError/ }));
  await user.click(screen.getByRole("radio", { name: /Canary first/ }));
  await user.clear(screen.getByLabelText("Canary size (%)"));
  await user.type(screen.getByLabelText("Canary size (%)"), "25");
  expect(screen.getByText(/canary of about 3 of 12 tasks that failed with TimeoutError/)).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Retry failed tasks" }));

  await waitFor(() => expect(bodies).toEqual([{ cause: "0123456789abcdef", canary: { share: 0.25, bar: 0.9 } }]));
});

test("discards tasks only with a reason", async () => {
  const user = userEvent.setup();
  const bodies = recordBodies("discard");
  renderWithProviders(<DiscardDialog job={failedJob} tasks={20} onClose={() => undefined} />);

  expect(screen.getByRole("button", { name: "Discard tasks" })).toBeDisabled();
  await user.type(screen.getByLabelText("Reason"), " bad inputs ");
  await user.click(screen.getByRole("button", { name: "Discard tasks" }));

  await waitFor(() => expect(bodies).toEqual([{ all: true, reason: "bad inputs" }]));
});
