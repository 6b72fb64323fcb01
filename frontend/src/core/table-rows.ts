/** What a table shows of its rows: texts, choice, order, and the file. */

import { downloadCsv } from "./csv";
import type { Cell, Row } from "./document";
import { finder } from "./find";
import type { Context } from "./pages";
import { listed } from "./phrases";
import { days, lang, num, t } from "./texts";
import { word } from "./words";

export interface Column {
  key: string;
  title: string;
  /**
   * "row" is a button that shows the row of `table` named in the cell, "rows" one for several rows;
   * "word" is a word of the tables; "span" are days from this column to the column `to`.
   */
  kind?: "text" | "number" | "days" | "span" | "place" | "verdict" | "sources" | "chosen" | "row" | "rows" | "word" | "free";
  digits?: number;
  /** Table that holds the name (place, row). */
  table?: string;
  to?: string;
  /** The text of a cell whose value is a code. */
  text?: (row: Row) => string;
  /** A cell drawn by the page; the text of the row is still what is searched, sorted and saved. */
  draw?: (row: Row) => Node;
  /**
   * The column goes into the fold-out of its row where the screen is too narrow, the largest number
   * first; FOLDED is always there.
   */
  fold?: number;
  /** Nothing to search or to save: a column of buttons. */
  acts?: boolean;
}

export const FOLDED = Infinity;

export interface State {
  words: string;
  /** Column -> the value that is chosen in it. */
  chosen: Record<string, string>;
  /** What the address asked for when the page was drawn last. */
  asked: Record<string, string | null>;
  sort: string | null;
  down: boolean;
  page: number;
  /** Rows that are unfolded, by their place among all. */
  open: Set<number>;
}

export function freshState(): State {
  return { words: "", chosen: {}, asked: {}, sort: null, down: false, page: 0, open: new Set() };
}

/** Return what a cell shows as text: for filter, sorting and display. */
export function cellText(ctx: Context, row: Row, column: Column): string {
  if (column.text) return column.text(row);
  const value = row[column.key];
  if (value === null || value === undefined || value === "") return "";
  switch (column.kind) {
    case "place":
      return column.table ? ctx.doc.name(column.table, String(value)) : ctx.doc.place(String(value));
    case "row":
      return ctx.doc.name(column.table ?? "", String(value));
    case "verdict":
    case "word":
      return word(value);
    case "free":
      return ctx.doc.translation(String(value)) ?? String(value);
    case "number":
      return num(value as number, column.digits ?? 0);
    case "days":
      return days(value as number);
    case "span":
      return `${days(value as number)}–${days(row[column.to ?? ""] as number | null)}`;
    default:
      return typeof value === "boolean" ? (value ? t("yes") : t("no")) : String(value);
  }
}

/** Return the rows that the reader has chosen, in the order asked for. */
export function shownRows(ctx: Context, rows: Row[], columns: Column[], state: State): Row[] {
  return sorted(ctx, filtered(ctx, rows, columns, state), columns, state);
}

/** Return the rows that pass, but for the choice in one column. */
export function filtered(ctx: Context, rows: Row[], columns: Column[], state: State, except = ""): Row[] {
  const found = finder(state.words);
  const choices = Object.entries(state.chosen).filter(([key, value]) => value !== "" && key !== except);
  return rows.filter(
    (row) =>
      choices.every(([key, value]) => String(row[key] ?? "") === value) &&
      found(columns.map((column) => `${cellText(ctx, row, column)} ${String(row[column.key] ?? "")}`).join(" ")),
  );
}

function sorted(ctx: Context, rows: Row[], columns: Column[], state: State): Row[] {
  const column = columns.find((c) => c.key === state.sort);
  if (!column) return rows;
  const sign = state.down ? -1 : 1;
  const collator = new Intl.Collator(lang(), { numeric: true });
  const empty = (value: Cell | undefined) => value === null || value === undefined || value === "";
  return [...rows].sort((a, b) => {
    const [x, y] = [a[column.key], b[column.key]];
    // Empty cells come last, whichever way the rest is sorted.
    if (empty(x) || empty(y)) return Number(empty(x)) - Number(empty(y));
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return sign * collator.compare(cellText(ctx, a, column), cellText(ctx, b, column));
  });
}

/** Hand the rows to the reader as a file, folded columns included. */
export function saveRows(file: string, rows: Row[], columns: Column[], more: string[]): void {
  const keys = columns.filter((c) => !c.acts).flatMap((c) => (c.to ? [c.key, c.to] : [c.key]));
  downloadCsv(file, [...keys, ...more], rows);
}

/** Say in words by what the rows on paper were chosen. */
export function choiceText(ctx: Context, columns: Column[], state: State): string {
  const names = columns.flatMap((column) => {
    const value = state.chosen[column.key];
    return value ? [cellText(ctx, { [column.key]: value }, column)] : [];
  });
  return listed([...names, ...(state.words ? [t("the words “{words}”", { words: state.words })] : [])]);
}
