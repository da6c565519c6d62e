import { screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { renderWithProviders } from "../../tests/render";
import { type Column, ResponsiveTable } from "./responsive-table";

const columns: Column<{ name: string; size: number }>[] = [
  { id: "name", header: "Name", isRowHeader: true, cell: ({ name }) => name },
  { id: "size", header: "Size", card: "half", cell: ({ size }) => `${size} MB` },
  { id: "double", header: "Double", card: "bare", cell: ({ size }) => `twice ${size * 2}` },
  { id: "half", header: "Half", card: "none", cell: ({ size }) => `half ${size / 2}` },
];

const rows = () =>
  renderWithProviders(
    <ResponsiveTable label="Files" trackBy="name" items={[{ name: "a.png", size: 3 }]} columns={columns} />,
  );

const widen = (width: number) =>
  (window as unknown as { happyDOM: { setViewport: (of: object) => void } }).happyDOM.setViewport({ width });

afterEach(() => widen(1_400));

test("on a desktop all columns are a table's", () => {
  rows();

  expect(screen.getByRole("table", { name: "Files" })).toBeInTheDocument();
  expect(screen.getByText("half 1.5")).toBeInTheDocument();
});

test("on a phone the same columns are a card's, but for those that it leaves out", () => {
  widen(390);
  rows();

  expect(screen.queryByRole("table")).not.toBeInTheDocument();
  expect(screen.getByRole("list", { name: "Files" })).toHaveTextContent(/a\.png.*Size.*3 MB.*twice 6/);
  expect(screen.queryByText("Double")).not.toBeInTheDocument();
  expect(screen.queryByText("half 1.5")).not.toBeInTheDocument();
});
