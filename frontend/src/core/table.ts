/** Tables: sortable, filtered, paged, saved as CSV. */

import { downloadCsv } from "./csv";
import type { Cell, Row } from "./document";
import { button, clear, h } from "./dom";
import type { Context } from "./pages";
import { chosenButtons, rowButtons, rowDialog, sourceButtons } from "./sources";
import { days, lang, num, t } from "./texts";
import { cap, word } from "./words";

export interface Column {
  key: string;
  title: string;
  /**
   * "row" is a button that shows the row of `table` named in the cell, "rows" one for several rows;
   * "word" is a word of the tables.
   */
  kind?: "text" | "number" | "days" | "place" | "verdict" | "sources" | "chosen" | "row" | "rows" | "word";
  digits?: number;
  /** Table that holds the name (place, row). */
  table?: string;
}

export interface TableOptions {
  caption: string;
  file: string;
  filter?: boolean;
  pageSize?: number;
}

interface State {
  words: string;
  sort: string | null;
  down: boolean;
  page: number;
}

const RIGHT = new Set(["number", "days"]);

/** Draw a table of rows. */
export function dataTable(parent: HTMLElement, ctx: Context, rows: Row[], columns: Column[], o: TableOptions): void {
  const state: State = { words: "", sort: null, down: false, page: 0 };
  const size = o.pageSize ?? 25;
  const head = h("thead");
  const body = h("tbody");
  const foot = h("div", { class: "table-foot" });
  const shown = () => sorted(filtered(ctx, rows, columns, state.words), ctx, columns, state);

  const draw = (): void => {
    const all = shown();
    const last = Math.max(0, Math.ceil(all.length / size) - 1);
    state.page = Math.min(state.page, last);
    const focused = head.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset.key
      : undefined;
    clear(head);
    head.append(headRow(columns, state, draw));
    if (focused) head.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    clear(body);
    for (const row of all.slice(state.page * size, (state.page + 1) * size))
      body.append(h("tr", {}, ...columns.map((column) => cell(ctx, row, column))));
    if (all.length === 0)
      body.append(h("tr", {}, h("td", { colspan: columns.length, class: "muted" }, t("No rows."))));
    drawFoot(foot, state, all.length, rows.length, size, draw);
  };

  const tools = h("div", { class: "table-tools" });
  if (o.filter) tools.append(filterBox(o.caption, state, draw));
  tools.append(
    button("CSV", () => downloadCsv(o.file, columns.map((c) => c.key), shown()), { title: t("Save the data (CSV)") }),
  );
  parent.append(
    h(
      "div",
      { class: "data-table" },
      h("div", { class: "table-head" }, h("div", { class: "table-title", "aria-hidden": "true" }, o.caption), tools),
      h(
        "div",
        { class: "table-scroll", tabindex: 0, role: "region", "aria-label": o.caption },
        h("table", {}, h("caption", { class: "hidden" }, o.caption), head, body),
      ),
      foot,
    ),
  );
  draw();
}

function filterBox(caption: string, state: State, draw: () => void): HTMLElement {
  return h("input", {
    type: "search",
    placeholder: t("Filter"),
    "aria-label": `${t("Filter")}: ${caption}`,
    oninput: (event: Event) => {
      state.words = (event.target as HTMLInputElement).value;
      state.page = 0;
      draw();
    },
  });
}

function headRow(columns: Column[], state: State, draw: () => void): HTMLElement {
  const row = h("tr");
  for (const column of columns) {
    const on = state.sort === column.key;
    const sort = button(
      heading(column.title),
      () => {
        state.down = on ? !state.down : false;
        state.sort = column.key;
        state.page = 0;
        draw();
      },
      { class: "sort", "data-key": column.key },
    );
    sort.append(h("span", { class: "arrow", "aria-hidden": "true" }, on ? (state.down ? "▼" : "▲") : ""));
    row.append(
      h(
        "th",
        {
          scope: "col",
          class: RIGHT.has(column.kind ?? "") ? "right" : null,
          "aria-sort": on ? (state.down ? "descending" : "ascending") : null,
        },
        sort,
      ),
    );
  }
  return row;
}

/** Return a title with a capital; units stay as they are written. */
function heading(title: string): string {
  return [t("km"), t("h"), t("kg CO2e/TEU")].includes(title) ? title : cap(title);
}

/** Return what a cell shows as text: for filter and sorting. */
function cellText(ctx: Context, row: Row, column: Column): string {
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
    case "number":
      return num(value as number, column.digits ?? 0);
    case "days":
      return days(value as number);
    default:
      return typeof value === "boolean" ? (value ? t("yes") : t("no")) : String(value);
  }
}

function cell(ctx: Context, row: Row, column: Column): HTMLElement {
  const value = row[column.key];
  const text = cellText(ctx, row, column);
  const right = RIGHT.has(column.kind ?? "") ? "right" : widthOf(text);
  if (column.kind === "sources") return h("td", {}, sourceButtons(ctx, String(value ?? "")));
  if (column.kind === "chosen") return h("td", {}, chosenButtons(ctx, String(value ?? "")));
  if (text === "") return h("td", { class: right }, "–");
  if (column.kind === "rows") return h("td", {}, rowButtons(ctx, column.table ?? "", column.title, text));
  if (column.kind === "verdict") return h("td", {}, verdictMark(String(value)));
  if (column.kind === "row") {
    const table = column.table ?? "";
    return h("td", { class: right }, button(text, () => rowDialog(ctx, table, String(value)), { class: "link", "aria-haspopup": "dialog" }));
  }
  return h("td", { class: right }, text);
}

/** Long texts keep a width that can be read; the table scrolls instead. */
function widthOf(text: string): string | null {
  // A Chinese character takes the place of two letters.
  const letters = text.length * (lang() === "zh" ? 2 : 1);
  if (letters > 40) return "long longer";
  return letters > 14 ? "long" : null;
}

const SIGNS: Record<string, [string, string]> = {
  supported: ["good", "✓"],
  inside: ["good", "✓"],
  contradicted: ["bad", "✗"],
  outside: ["bad", "✗"],
  "no route": ["bad", "✗"],
  "no data": ["none", "?"],
  "not modelled": ["none", "–"],
};

/** Return a verdict with a sign, so that colour does not carry it alone. */
export function verdictMark(verdict: string): HTMLElement {
  const [look, sign] = SIGNS[verdict] ?? ["none", "·"];
  return h("span", { class: `mark ${look}` }, h("span", { "aria-hidden": "true" }, `${sign} `), word(verdict));
}

function filtered(ctx: Context, rows: Row[], columns: Column[], words: string): Row[] {
  const wanted = words.toLocaleLowerCase(lang()).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return rows;
  return rows.filter((row) => {
    const text = columns
      .map((column) => `${cellText(ctx, row, column)} ${String(row[column.key] ?? "")}`)
      .join(" ")
      .toLocaleLowerCase(lang());
    return wanted.every((one) => text.includes(one));
  });
}

function sorted(rows: Row[], ctx: Context, columns: Column[], state: State): Row[] {
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

function drawFoot(foot: HTMLElement, state: State, count: number, all: number, size: number, draw: () => void): void {
  // The buttons stay the same elements, so that a keyboard user keeps the focus.
  if (foot.childElementCount === 0) {
    const turn = (by: number) => () => {
      state.page += by;
      draw();
    };
    foot.append(
      h("span", { class: "muted", role: "status" }),
      button("‹", turn(-1), { "aria-label": t("Previous rows") }),
      button("›", turn(1), { "aria-label": t("Next rows") }),
    );
  }
  const [text, back, next] = [...foot.children] as HTMLButtonElement[];
  const last = Math.max(0, Math.ceil(count / size) - 1);
  const from = count === 0 ? 0 : state.page * size + 1;
  const range = t("Rows {from}–{to} of {count}", { from, to: Math.min(count, (state.page + 1) * size), count });
  text!.textContent = count < all ? `${range} (${t("of {count} in all", { count: all })})` : range;
  back!.disabled = state.page === 0;
  next!.disabled = state.page >= last;
  back!.hidden = next!.hidden = last === 0;
  foot.hidden = count === all && last === 0;
}
