/** Pagination for lists whose length is unknown. Each page returns the token of the next one. */

import CloudscapePagination from "@cloudscape-design/components/pagination";
import { useState } from "react";

interface PageState {
  key: string;
  /** The token of each page that has been opened. The first page has none. */
  tokens: (string | null)[];
  page: number;
}

export interface Pagination {
  /** The token of the current page. */
  token: string | null;
  page: number;
  knownPages: number;
  goTo: (page: number, nextToken: string | null) => void;
}

/** `key` identifies the list, for example by its filter. Another key starts again at the first page. */
export function useTokenPagination(key = ""): Pagination {
  const initial: PageState = { key, tokens: [null], page: 0 };
  const [stored, setStored] = useState(initial);
  const current = stored.key === key ? stored : initial;
  return {
    token: current.tokens[current.page] ?? null,
    page: current.page,
    knownPages: current.tokens.length,
    goTo: (page, nextToken) => {
      const tokens = page >= current.tokens.length && nextToken ? [...current.tokens, nextToken] : current.tokens;
      setStored({ key, tokens, page: Math.min(page, tokens.length - 1) });
    },
  };
}

export interface TokenPaginationProps {
  pagination: Pagination;
  nextToken: string | null;
  /** Names the items for screen readers, in lower case. */
  itemsLabel: string;
  disabled?: boolean;
}

export function TokenPagination({ pagination, nextToken, itemsLabel, disabled = false }: TokenPaginationProps) {
  const more = nextToken !== null && pagination.page === pagination.knownPages - 1;
  return (
    <CloudscapePagination
      currentPageIndex={pagination.page + 1}
      pagesCount={pagination.knownPages + (more ? 1 : 0)}
      openEnd={more}
      disabled={disabled}
      ariaLabels={{
        nextPageLabel: "Next page",
        previousPageLabel: "Previous page",
        pageLabel: (page) => `Page ${page} of ${itemsLabel}`,
      }}
      onChange={({ detail }) => pagination.goTo(detail.currentPageIndex - 1, nextToken)}
    />
  );
}

/** The number of rows for a header, with a plus sign if the list has other pages. */
export const rowCounter = (rows: number, pagination: Pagination, nextToken: string | null): string =>
  `(${rows}${nextToken !== null || pagination.page > 0 ? "+" : ""})`;
