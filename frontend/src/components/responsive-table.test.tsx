import { screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { renderWithProviders } from "../../tests/render";
import { type Column, ResponsiveTable } from "./responsive-table";

const columns: Column<{ name: string; size: number }>[] = [
  { id: "name", header: "Name", isRowHeader: true, cell: ({ name }) => name },
  { id: "size", header: "Size", card: "half", cell: ({ size }) => `${size} MB` },
  { id: "double", header: "Double", card: "unlabelled", cell: ({ size }) => `twice ${size * 2}` },
];

const renderTable = () =>
  renderWithProviders(
    <ResponsiveTable label="Files" trackBy="name" items={[{ name: "a.png", size: 3 }]} columns={columns} />,
  );

const setWidth = (width: number) =>
  (window as unknown as { happyDOM: { setViewport: (viewport: object) => void } }).happyDOM.setViewport({ width });

afterEach(() => setWidth(1_400));

test("shows all columns in a table on a desktop", () => {
  renderTable();

  expect(screen.getByRole("table", { name: "Files" })).toBeInTheDocument();
  expect(screen.getByRole("columnheader", { name: "Double" })).toBeInTheDocument();
});

test("shows the columns as cards on a phone", () => {
  setWidth(390);
  renderTable();

  expect(screen.queryByRole("table")).not.toBeInTheDocument();
  expect(screen.getByRole("list", { name: "Files" })).toHaveTextContent(/a\.png.*Size.*3 MB.*twice 6/);
  expect(screen.queryByText("Double")).not.toBeInTheDocument();
});
