/** Pages of a list whose end is not known: forward by the token that each page gave, back by those before it. */

import Pagination from "@cloudscape-design/components/pagination";
import { useState } from "react";

interface PageState {
  key: string;
  tokens: (string | null)[];
  page: number;
}

export interface Pagination {
  /** The token of the page that is shown. */
  after: string | null;
  page: number;
  goTo: (page: number, next: string | null) => void;
  knownPages: number;
}

/** `of` names what is listed; other filters, say, begin at the first page again. */
export function useTokenPagination(of: string): Pagination {
  const first: PageState = { key: of, tokens: [null], page: 0 };
  const [kept, setKept] = useState(first);
  const now = kept.key === of ? kept : first;
  return {
    after: now.tokens[now.page] ?? null,
    page: now.page,
    knownPages: now.tokens.length,
    goTo: (page, next) => {
      const tokens = page >= now.tokens.length && next ? [...now.tokens, next] : now.tokens;
      setKept({ key: of, tokens, page: Math.min(page, tokens.length - 1) });
    },
  };
}

export interface TokenPaginationProps {
  pagination: Pagination;
  nextToken: string | null;
  itemsLabel: string;
  disabled?: boolean;
}

export function TokenPagination({
  pagination: pages,
  nextToken: next,
  itemsLabel: what,
  disabled = false,
}: TokenPaginationProps) {
  const more = next !== null && pages.page === pages.knownPages - 1;
  return (
    <Pagination
      currentPageIndex={pages.page + 1}
      pagesCount={pages.knownPages + (more ? 1 : 0)}
      openEnd={more}
      disabled={disabled}
      ariaLabels={{
        nextPageLabel: "Next page",
        previousPageLabel: "Previous page",
        pageLabel: (each) => `Page ${each} of ${what}`,
      }}
      onChange={({ detail }) => pages.goTo(detail.currentPageIndex - 1, next)}
    />
  );
}

/** Never a number that looks like all of them where there are more. */
export const rowCounter = (shown: number, pages: Pagination, next: string | null): string =>
  `(${shown}${next !== null || pages.page > 0 ? "+" : ""})`;
