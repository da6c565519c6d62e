import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { describeStatus, problemFrom } from "@/lib/api/problem";
import { renderWithProviders } from "../../tests/render";
import { ProblemAlert } from "./problem-alert";

test.each([
  [0, "Cannot reach the API", /network connection/],
  [401, "Your session has expired", /Sign in again/],
  [403, "Access denied", /administrator/],
  [404, "Not found", /retention/],
  [409, "Not possible in the current state", /current state/],
  [413, "Request too large", /Upload/],
  [422, "Invalid request", /Fix the invalid fields/],
  [429, "Rate or limit exceeded", /try again/],
  [500, "Internal error", /request ID/],
  [502, "Internal error", /request ID/],
  [503, "Service unavailable", /try again/],
])("status %i has a title and an action", (status, title, action) => {
  expect(describeStatus(status).title).toBe(title);
  expect(describeStatus(status).action).toMatch(action);
});

test("shows the detail, the fields, the action and the request ID of a problem, and retries", async () => {
  const retry = vi.fn<() => void>();
  const problemDocument = {
    detail: "some reason",
    errors: [{ field: "cause", message: "is unknown" }],
    request_id: "req-7",
  };
  const response = new Response(JSON.stringify(problemDocument), { status: 409, headers: { "Retry-After": "3" } });

  const problem = await problemFrom(response);
  renderWithProviders(<ProblemAlert error={problem} retry={retry} />);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));

  const { title, action } = describeStatus(409);
  for (const text of [title, "Some reason.", action, "req-7"]) expect(screen.getByText(text)).toBeInTheDocument();
  expect(screen.getByText("cause").parentElement).toHaveTextContent("cause is unknown");
  expect([problem.retryAfter, problem.isTransient]).toEqual([3, false]);
  expect(retry).toHaveBeenCalledOnce();
});

test("describes a response that is not a problem document by its status", async () => {
  const problem = await problemFrom(new Response("<html>", { status: 502 }));

  expect(problem.detail).toMatch(/^Internal error\. Try again/);
  expect(problem.isTransient).toBe(true);
});
