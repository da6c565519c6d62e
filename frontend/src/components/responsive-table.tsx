/** A table that becomes a list of cards on narrow screens. */

import Cards, { type CardsProps } from "@cloudscape-design/components/cards";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useIsMobile } from "./use-is-mobile";

export interface Column<T> extends TableProps.ColumnDefinition<T> {
  id: string;
  /** How a card shows the column: at half width, or without its label. */
  card?: "half" | "unlabelled";
}

type SharedProps = "items" | "loading" | "loadingText" | "header" | "empty" | "filter" | "pagination";
type TableOnlyProps = "resizableColumns" | "wrapLines";

export interface ResponsiveTableProps<T> extends Pick<TableProps<T>, SharedProps | TableOnlyProps> {
  /** Names the table for screen readers. */
  label: string;
  columns: Column<T>[];
  trackBy: string | ((item: T) => string);
  variant?: "container" | "full-page" | "embedded";
}

export function ResponsiveTable<T>(props: ResponsiveTableProps<T>) {
  return useIsMobile() ? <CardList {...props} /> : <DesktopTable {...props} />;
}

function DesktopTable<T>({ label, columns, variant = "container", ...rest }: ResponsiveTableProps<T>) {
  return <Table<T> {...rest} variant={variant} columnDefinitions={columns} ariaLabels={{ tableLabel: label }} />;
}

function CardList<T>({ label, columns, variant, ...rest }: ResponsiveTableProps<T>) {
  const { resizableColumns: _resizable, wrapLines: _wrap, ...shared } = rest;
  return (
    <Cards<T>
      {...shared}
      variant={variant === "full-page" ? "full-page" : "container"}
      ariaLabels={{ cardsLabel: label, selectionGroupLabel: label, itemSelectionLabel: () => label }}
      cardDefinition={{
        header: (item) => columns.find((each) => each.isRowHeader)?.cell(item),
        sections: columns.filter((each) => !each.isRowHeader).map(sectionOf),
      }}
    />
  );
}

const sectionOf = <T,>({ id, header, cell, card }: Column<T>): CardsProps.SectionDefinition<T> => ({
  id,
  content: cell,
  ...(card === "unlabelled" ? {} : { header }),
  ...(card === "half" ? { width: 50 } : {}),
});
