import { render } from "@testing-library/react";
import { expect, test } from "vitest";
import { TextWithCode } from "./text-with-code";

test.each([
  ["Wait `delay` seconds; fetch `url`.", "Wait <code>delay</code> seconds; fetch <code>url</code>."],
  ["Nothing is set as code.", "Nothing is set as code."],
  ["One ` alone stays.", "One ` alone stays."],
])("what stands between backticks is code: %s", (text, html) => {
  const { container } = render(<TextWithCode text={text} />);

  expect(container.innerHTML.replaceAll(' class="mono"', "")).toBe(html);
});
