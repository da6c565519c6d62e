/** A text in which the parts between backticks are formatted as code. */

import type { ReactNode } from "react";

export function TextWithCode({ text }: { text: string }) {
  const parts: ReactNode[] = [];
  let end = 0;
  for (const { 0: quoted, 1: code, index } of text.matchAll(/`([^`]+)`/g)) {
    parts.push(
      text.slice(end, index),
      <code key={index} className="mono">
        {code}
      </code>,
    );
    end = index + quoted.length;
  }
  return [...parts, text.slice(end)];
}
