/** Pages of a list whose end is not known: forward by the token that each page gave, back by those before it. */

import Pagination from "@cloudscape-design/components/pagination";
import { useState } from "react";

interface Turned {
  of: string;
  tokens: (string | null)[];
  page: number;
}

export interface Pages {
  /** The token of the page that is shown. */
  after: string | null;
  page: number;
  turn: (page: number, next: string | null) => void;
  known: number;
}

/** `of` names what is listed; other filters, say, begin at the first page again. */
export function usePages(of: string): Pages {
  const first: Turned = { of, tokens: [null], page: 0 };
  const [kept, setKept] = useState(first);
  const now = kept.of === of ? kept : first;
  return {
    after: now.tokens[now.page] ?? null,
    page: now.page,
    known: now.tokens.length,
    turn: (page, next) => {
      const tokens = page >= now.tokens.length && next ? [...now.tokens, next] : now.tokens;
      setKept({ of, tokens, page: Math.min(page, tokens.length - 1) });
    },
  };
}

export interface PageTurnerProps {
  pages: Pages;
  next: string | null;
  what: string;
  disabled?: boolean;
}

export function PageTurner({ pages, next, what, disabled = false }: PageTurnerProps) {
  const more = next !== null && pages.page === pages.known - 1;
  return (
    <Pagination
      currentPageIndex={pages.page + 1}
      pagesCount={pages.known + (more ? 1 : 0)}
      openEnd={more}
      disabled={disabled}
      ariaLabels={{
        nextPageLabel: "Next page",
        previousPageLabel: "Previous page",
        pageLabel: (each) => `Page ${each} of ${what}`,
      }}
      onChange={({ detail }) => pages.turn(detail.currentPageIndex - 1, next)}
    />
  );
}

/** Never a number that looks like all of them where there are more. */
export const atLeast = (shown: number, pages: Pages, next: string | null): string =>
  `(${shown}${next !== null || pages.page > 0 ? "+" : ""})`;
