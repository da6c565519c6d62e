import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { problemFrom, describeStatus } from "@/lib/api/problem";
import { renderWithProviders } from "../../tests/render";
import { ProblemAlert } from "./problem-alert";

const SAID: [number, string, RegExp][] = [
  [0, "The API does not answer", /network/],
  [401, "Your session has ended", /Sign in again/],
  [403, "You may not do this", /administrator/],
  [404, "There is no such thing", /retention/],
  [409, "Its state forbids this now", /present state/],
  [413, "That is too large", /Upload/],
  [422, "Some of it is not right", /Mend the fields/],
  [429, "Too many requests, or a limit is reached", /asked again by itself/],
  [500, "The API has a fault", /request id/],
  [502, "The API has a fault", /request id/],
  [503, "A service behind the API is away", /asked again by itself/],
];

test.each(SAID)("%i is said in a sentence, with a way on", (status, title, way) => {
  expect(describeStatus(status).title).toBe(title);
  expect(describeStatus(status).action).toMatch(way);
});

test("a refusal says what the API says of it, the fields, the way on and the request id, and can be tried again", async () => {
  const retry = vi.fn<() => void>();
  const told = {
    detail: "job job_1 is COMPLETED",
    errors: [{ field: "cause", message: "is none of it" }],
    request_id: "req-7",
  };
  const answer = new Response(JSON.stringify(told), { status: 409, headers: { "Retry-After": "3" } });

  const problem = await problemFrom(answer);
  renderWithProviders(<ProblemAlert error={problem} retry={retry} />);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));

  for (const text of [
    "Its state forbids this now",
    "Job job_1 is COMPLETED.",
    "Look at its present state, then decide.",
    "req-7",
  ]) {
    expect(screen.getByText(text)).toBeInTheDocument();
  }
  expect(screen.getByText("cause").parentElement).toHaveTextContent("cause is none of it");
  expect([problem.retryAfter, problem.passes]).toEqual([3, false]);
  expect(retry).toHaveBeenCalledOnce();
});

test("an answer that is no problem document still gets its sentence", async () => {
  const problem = await problemFrom(new Response("<html>", { status: 502 }));

  expect(problem.detail).toMatch(/^The API has a fault\. Try again/);
  expect(problem.passes).toBe(true);
});
