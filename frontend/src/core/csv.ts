/** Comma-separated files that spreadsheets open without running anything in them. */

import type { Cell, Row } from "./document";
import { download } from "./dom";

/** Return a CSV text of some columns. */
export function csvText(columns: string[], rows: Row[]): string {
  const lines = [columns.map(csvCell).join(",")];
  for (const row of rows) lines.push(columns.map((c) => csvCell(row[c] ?? null)).join(","));
  return lines.join("\r\n") + "\r\n";
}

function csvCell(value: Cell): string {
  if (value === null) return "";
  // Numbers are safe as they are; a text that starts like a formula would be run by a spreadsheet.
  if (typeof value !== "string") return String(value);
  const text = /^(\s*[=+\-@]|[\t\r])/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Hand rows to the reader as a CSV file. */
export function downloadCsv(file: string, columns: string[], rows: Row[]): void {
  // The mark tells spreadsheets that the file is UTF-8.
  const mark = "\uFEFF";
  download(`${file}.csv`, new Blob([mark, csvText(columns, rows)], { type: "text/csv;charset=utf-8" }));
}

/** Return the columns that any of the rows has. */
export function columnsOf(rows: Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

/** Return a text as a file name. */
export function fileName(text: string): string {
  return text.trim().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 80) || "karvan";
}
