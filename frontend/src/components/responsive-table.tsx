/** Things in rows: a table, and on a phone cards that are made of its columns. */

import Cards, { type CardsProps } from "@cloudscape-design/components/cards";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useIsMobile } from "./use-is-mobile";

export interface Column<T> extends TableProps.ColumnDefinition<T> {
  id: string;
  /** On a card, whose heading is the row's header: half as wide, without its name, or not at all. */
  card?: "half" | "bare" | "none";
}

type Shared = "items" | "loading" | "loadingText" | "header" | "empty" | "filter" | "pagination";
type OfTables = "resizableColumns" | "enableKeyboardNavigation" | "wrapLines" | "stickyHeader" | "selectedItems";

export interface ResponsiveTableProps<T> extends Pick<TableProps<T>, Shared | OfTables> {
  /** What the rows are, for who cannot see them. */
  label: string;
  columns: Column<T>[];
  trackBy: string | ((item: T) => string);
  variant?: "container" | "full-page" | "embedded";
}

export function ResponsiveTable<T>(props: ResponsiveTableProps<T>) {
  return useIsMobile() ? <AsCards {...props} /> : <AsTable {...props} />;
}

function AsTable<T>({ label, columns, variant = "container", ...rest }: ResponsiveTableProps<T>) {
  return <Table<T> {...rest} variant={variant} columnDefinitions={columns} ariaLabels={{ tableLabel: label }} />;
}

function AsCards<T>({ label, columns, variant, ...rest }: ResponsiveTableProps<T>) {
  const {
    resizableColumns: _r,
    enableKeyboardNavigation: _k,
    wrapLines: _w,
    stickyHeader: _s,
    selectedItems: _i,
    ...shared
  } = rest;
  return (
    <Cards<T>
      {...shared}
      variant={variant === "full-page" ? "full-page" : "container"}
      ariaLabels={{ cardsLabel: label, selectionGroupLabel: label, itemSelectionLabel: () => label }}
      cardDefinition={{
        header: (item) => columns.find((each) => each.isRowHeader)?.cell(item),
        sections: columns.filter((each) => !each.isRowHeader && each.card !== "none").map(sectionOf),
      }}
    />
  );
}

const sectionOf = <T,>({ id, header, cell, card }: Column<T>): CardsProps.SectionDefinition<T> => ({
  id,
  content: cell,
  ...(card === "bare" ? {} : { header }),
  ...(card === "half" ? { width: 50 } : {}),
});
