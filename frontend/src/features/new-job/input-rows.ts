/** Inputs that were pasted or uploaded: JSON Lines or CSV, each row checked by itself. */

import { type Field, inputError, parseValue } from "./parameter-schema";

interface RowError {
  /** As an editor counts them, from 1. */
  line: number;
  message: string;
}

export interface InputRows {
  inputs: Record<string, unknown>[];
  faults: RowError[];
  /** Faults beyond those that are told. */
  more: number;
}

const TOLD = 20;

export function parseRows(text: string, fields: Field[], shared: ReadonlySet<string>): InputRows {
  const first = text.trimStart()[0];
  const parsed = first === "{" || first === "[" ? jsonLines(text) : csv(text, fields);
  const rows: InputRows = { inputs: [], faults: [], more: 0 };
  const tell = (line: number, message: string): void => {
    if (rows.faults.length < TOLD) rows.faults.push({ line, message });
    else rows.more += 1;
  };
  for (const { line, value, wrong } of parsed) {
    const message = wrong ?? inputError(value, fields, shared);
    if (message) tell(line, message);
    else rows.inputs.push(value as Record<string, unknown>);
  }
  return rows;
}

interface Row {
  line: number;
  value: unknown;
  wrong: string | null;
}

function jsonLines(text: string): Row[] {
  return text.split(/\r?\n/).flatMap((each, i): Row[] => {
    if (!each.trim()) return [];
    try {
      return [{ line: i + 1, value: JSON.parse(each) as unknown, wrong: null }];
    } catch {
      return [{ line: i + 1, value: null, wrong: "is not JSON" }];
    }
  });
}

function csv(text: string, fields: Field[]): Row[] {
  const [head, ...records] = recordsOf(text);
  if (!head) return [];
  const names = head.cells.map((each) => each.trim());
  const columns = names.map((name) => fields.find((each) => each.name === name));
  const unknown = names.filter((_, i) => !columns[i]);
  if (unknown.length) return [{ line: head.line, value: null, wrong: `${unknown.join(", ")}: no such field` }];
  return records.map(({ line, cells }) => {
    if (cells.length !== names.length)
      return { line, value: null, wrong: `has ${cells.length} cells, not ${names.length}` };
    const value: Record<string, unknown> = {};
    for (const [i, cell] of cells.entries()) {
      const field = columns[i];
      if (!field || (cell === "" && !field.required)) continue;
      try {
        value[field.name] = parseValue(cell, field);
      } catch (error) {
        return { line, value: null, wrong: `${field.name} ${(error as Error).message}` };
      }
    }
    return { line, value, wrong: null };
  });
}

/** RFC 4180: quoted cells may hold commas, quotes and line ends. */
function recordsOf(text: string): { line: number; cells: string[] }[] {
  const records: { line: number; cells: string[] }[] = [];
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  let line = 1;
  let begun = 1;
  const end = (): void => {
    cells.push(cell);
    if (cells.length > 1 || cell.trim()) records.push({ line: begun, cells });
    cells = [];
    cell = "";
  };
  for (let i = 0; i < text.length; i += 1) {
    const sign = text[i] as string;
    if (sign === "\n") line += 1;
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === ",") {
      cells.push(cell);
      cell = "";
    } else if (sign === "\n") {
      end();
      begun = line;
    } else if (sign !== "\r") cell += sign;
  }
  end();
  return records;
}
