import { render } from "@testing-library/react";
import { expect, test } from "vitest";
import { TextWithCode } from "./text-with-code";

test.each([
  ["Wait `delay` seconds; fetch `url`.", "Wait <code>delay</code> seconds; fetch <code>url</code>."],
  ["No code here.", "No code here."],
  ["A single ` stays.", "A single ` stays."],
])("formats text between backticks as code: %s", (text, html) => {
  const { container } = render(<TextWithCode text={text} />);

  expect(container.innerHTML.replaceAll(' class="mono"', "")).toBe(html);
});
