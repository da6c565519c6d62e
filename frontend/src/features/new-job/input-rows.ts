/** Parses inputs from JSON Lines or CSV, and validates each row. */

import { type Field, inputError, parseValue } from "./parameter-schema";

interface RowError {
  /** The line number in the text, starting at 1. */
  line: number;
  message: string;
}

export interface InputRows {
  inputs: Record<string, unknown>[];
  errors: RowError[];
  /** The number of errors that are not in `errors`. */
  hiddenErrors: number;
}

const MAX_ERRORS = 20;

/** `sharedParams` are the parameters that all rows share, so that rows may omit them. */
export function parseRows(text: string, fields: Field[], sharedParams: ReadonlySet<string>): InputRows {
  const first = text.trimStart()[0];
  const parsed = first === "{" || first === "[" ? parseJsonLines(text) : parseCsv(text, fields);
  const rows: InputRows = { inputs: [], errors: [], hiddenErrors: 0 };
  for (const { line, value, error } of parsed) {
    const message = error ?? inputError(value, fields, sharedParams);
    if (!message) rows.inputs.push(value as Record<string, unknown>);
    else if (rows.errors.length < MAX_ERRORS) rows.errors.push({ line, message });
    else rows.hiddenErrors += 1;
  }
  return rows;
}

interface Row {
  line: number;
  value: unknown;
  error: string | null;
}

function parseJsonLines(text: string): Row[] {
  return text.split(/\r?\n/).flatMap((each, i): Row[] => {
    if (!each.trim()) return [];
    try {
      return [{ line: i + 1, value: JSON.parse(each) as unknown, error: null }];
    } catch {
      return [{ line: i + 1, value: null, error: "invalid JSON" }];
    }
  });
}

function parseCsv(text: string, fields: Field[]): Row[] {
  const [header, ...records] = parseRecords(text);
  if (!header) return [];
  const names = header.cells.map((each) => each.trim());
  const columns = names.map((name) => fields.find((each) => each.name === name));
  const unknown = names.filter((_, i) => !columns[i]);
  if (unknown.length) return [{ line: header.line, value: null, error: `unknown fields: ${unknown.join(", ")}` }];
  return records.map(({ line, cells }) => {
    if (cells.length !== names.length) {
      return { line, value: null, error: `has ${cells.length} cells, expected ${names.length}` };
    }
    const value: Record<string, unknown> = {};
    for (const [i, cell] of cells.entries()) {
      const field = columns[i];
      if (!field || (cell === "" && !field.required)) continue;
      try {
        value[field.name] = parseValue(cell, field);
      } catch (error) {
        return { line, value: null, error: `${field.name} ${(error as Error).message}` };
      }
    }
    return { line, value, error: null };
  });
}

/** Parses CSV (RFC 4180): quoted cells can contain commas, quotes and line breaks. */
function parseRecords(text: string): { line: number; cells: string[] }[] {
  const records: { line: number; cells: string[] }[] = [];
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  let line = 1;
  let recordLine = 1;
  const endRecord = (): void => {
    cells.push(cell);
    if (cells.length > 1 || cell.trim()) records.push({ line: recordLine, cells });
    cells = [];
    cell = "";
  };
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i] as string;
    if (character === "\n") line += 1;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (character === '"' && cell === "") quoted = true;
    else if (character === ",") {
      cells.push(cell);
      cell = "";
    } else if (character === "\n") {
      endRecord();
      recordLine = line;
    } else if (character !== "\r") cell += character;
  }
  endRecord();
  return records;
}
