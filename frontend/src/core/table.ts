/** Tables: sorted, filtered, paged, unfolded row by row, fitted to the screen, saved as CSV. */

import type { Row } from "./document";
import { button, clear, h, select } from "./dom";
import { freeText } from "./freetext";
import { kept } from "./kept";
import type { Context } from "./pages";
import { bracketed, clauses, colon } from "./phrases";
import { onPrinting, printing, printingAll } from "./printing";
import { isWide, markWide, scrollPlace, sidewaysNote } from "./scrolling";
import { chosenButtons, rowButtons, rowDialog, sourceButtons } from "./sources";
import { cellText, choiceText, type Column, filtered, FOLDED, freshState, saveRows, shownRows, type State } from "./table-rows";
import { lang, t } from "./texts";
import { cap, word } from "./words";

export { type Column, FOLDED } from "./table-rows";

export interface TableOptions {
  caption: string;
  /** Name of the saved file; the table's state is kept under it. */
  file: string;
  filter?: boolean;
  pageSize?: number;
  /** Columns in which the reader chooses one value. */
  choices?: string[];
  /** Columns of the rows that only the file holds. */
  saved?: string[];
  /** What a row unfolds to, below the columns that found no room. */
  detail?: (row: Row) => Node[];
  /** The row that the rest of the page is about. */
  current?: (row: Row) => boolean;
}

const PAGE_SIZE = 25;
/** Paper holds no more rows of a table; the file holds all. */
const MOST_PRINTED = 200;
/** Where all pages are printed together, longer tables are lists to look things up in: their beginning is enough. */
const MOST_PRINTED_TOGETHER = 100;
const RIGHT = new Set(["number", "days", "span"]);

/** Draw a table of rows. */
export function dataTable(parent: HTMLElement, ctx: Context, rows: Row[], columns: Column[], o: TableOptions): void {
  new Table(parent, ctx, rows, columns, o);
}

class Table {
  private readonly state: State;
  private readonly head = h("thead");
  private readonly body = h("tbody");
  private readonly tools = h("div", { class: "table-tools" });
  private readonly foot = h("div", { class: "table-foot" });
  private readonly scroll: HTMLElement;
  /** Columns that are in the fold-outs at present. */
  private folded = new Set<Column>();
  private width = 0;

  constructor(
    parent: HTMLElement,
    private readonly ctx: Context,
    private readonly rows: Row[],
    private readonly columns: Column[],
    private readonly o: TableOptions,
  ) {
    this.state = kept(`table ${o.file}`, freshState);
    this.hearAddress();
    const { caption } = o;
    this.scroll = scrollPlace(caption, h("table", {}, h("caption", { class: "hidden" }, caption), this.head, this.body));
    parent.append(
      h(
        "div",
        { class: "data-table" },
        h("div", { class: "table-head" }, h("div", { class: "table-title", "aria-hidden": "true" }, caption), this.tools),
        this.scroll,
        this.foot,
      ),
    );
    this.fillTools();
    this.fit();
    this.follow();
  }

  /** A choice that the address asks for, and did not ask for before, is made. */
  private hearAddress(): void {
    for (const key of this.o.choices ?? []) {
      const asked = this.ctx.params.get(key);
      if (asked !== null && asked !== this.state.asked[key]) this.state.chosen[key] = asked;
      this.state.asked[key] = asked;
    }
  }

  /** Fit the columns again when the width changes, and draw all rows on paper. */
  private follow(): void {
    new ResizeObserver(() => {
      if (!printing() && this.scroll.clientWidth !== this.width) this.fit();
    }).observe(this.scroll);
    const forget = onPrinting(() => (this.scroll.isConnected ? this.fit() : forget()));
  }

  /** Fold columns away, the least needed first, until the table is as wide as its place. */
  private fit(): void {
    this.width = this.scroll.clientWidth;
    this.folded = new Set(this.columns.filter((c) => c.fold === FOLDED));
    this.draw();
    const foldable = this.columns.filter((c) => c.fold !== undefined && c.fold !== FOLDED);
    // Paper shows all columns in small letters: nothing can be unfolded there.
    if (!printing())
      for (const column of foldable.sort((a, b) => b.fold! - a.fold!)) {
        if (!isWide(this.scroll)) break;
        this.folded.add(column);
        this.draw();
      }
    markWide(this.scroll);
  }

  private readonly draw = (): void => {
    const all = shownRows(this.ctx, this.rows, this.columns, this.state);
    const size = this.sizeFor(all.length);
    const last = Math.max(0, Math.ceil(all.length / size) - 1);
    const page = printing() ? 0 : (this.state.page = Math.min(this.state.page, last));
    this.drawHead();
    clear(this.body);
    for (const row of all.slice(page * size, (page + 1) * size)) this.drawRow(row);
    if (all.length === 0)
      this.body.append(h("tr", {}, h("td", { colspan: this.visible().length, class: "muted" }, t("No rows."))));
    this.drawFoot(all.length, page, size);
  };

  /** How many rows stand on a page of the table. */
  private sizeFor(count: number): number {
    const onScreen = this.o.pageSize ?? PAGE_SIZE;
    if (!printing()) return onScreen;
    return printingAll() && count > MOST_PRINTED_TOGETHER ? onScreen : MOST_PRINTED;
  }

  private visible(): Column[] {
    return this.columns.filter((column) => !this.folded.has(column));
  }

  private get unfolds(): boolean {
    return this.folded.size > 0 || this.o.detail !== undefined;
  }

  // Choosing rows

  private fillTools(): void {
    const { o, state } = this;
    clear(this.tools);
    for (const key of o.choices ?? []) this.tools.append(this.choice(key));
    if (o.filter) this.tools.append(this.filterBox());
    if (o.detail) this.tools.append(this.unfoldAll);
    this.nameUnfoldAll();
    this.tools.append(
      button("CSV", () => saveRows(o.file, shownRows(this.ctx, this.rows, this.columns, state), this.columns, o.saved ?? []), {
        title: t("Save the data (CSV)"),
      }),
    );
  }

  private changed(): void {
    this.state.page = 0;
    this.fit();
  }

  private filterBox(): HTMLElement {
    return h("input", {
      type: "search",
      placeholder: t("Filter"),
      value: this.state.words,
      "aria-label": colon(t("Filter"), this.o.caption),
      oninput: (event: Event) => {
        this.state.words = (event.target as HTMLInputElement).value;
        this.changed();
      },
    });
  }

  /** Return the choice among the values of a column, with the number of rows of each. */
  private choice(key: string): HTMLElement {
    const column = this.columns.find((c) => c.key === key)!;
    const counts = new Map<string, number>();
    for (const row of filtered(this.ctx, this.rows, this.columns, this.state, key)) {
      const value = String(row[key] ?? "");
      if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const chosen = this.state.chosen[key] ?? "";
    if (chosen !== "" && !counts.has(chosen)) counts.set(chosen, 0);
    const sample = (value: string) => this.rows.find((row) => String(row[key] ?? "") === value) ?? { [key]: value };
    const options = [...counts].map(([value, count]) => ({
      value,
      text: bracketed(cap(cellText(this.ctx, sample(value), column)), count),
    }));
    return select(cap(column.title), [{ value: "", text: t("All") }, ...options], chosen, (value) => {
      this.state.chosen[key] = value;
      this.changed();
      // The other choices count anew; this one keeps the focus.
      this.fillTools();
      this.tools.querySelectorAll("select")[this.o.choices!.indexOf(key)]?.focus();
    });
  }

  private readonly unfoldAll = button("", () => {
    const { open } = this.state;
    if (this.allOpen()) open.clear();
    else this.rows.forEach((_, i) => open.add(i));
    this.draw();
    this.nameUnfoldAll();
  });

  private allOpen(): boolean {
    return this.rows.every((_, i) => this.state.open.has(i));
  }

  private nameUnfoldAll(): void {
    this.unfoldAll.textContent = this.allOpen() ? t("Fold all") : t("Unfold all");
  }

  // Head

  private drawHead(): void {
    const focused = this.head.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset.key
      : undefined;
    const row = h("tr");
    if (this.unfolds) row.append(h("td", { class: "unfold" }));
    for (const column of this.visible()) row.append(column.title ? this.heading(column) : h("td"));
    this.head.replaceChildren(row);
    if (focused) this.head.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  private heading(column: Column): HTMLElement {
    const { state } = this;
    const on = state.sort === column.key;
    const sort = button(
      headingText(column.title),
      () => {
        state.down = on ? !state.down : false;
        state.sort = column.key;
        state.page = 0;
        this.draw();
      },
      { class: "sort", "data-key": column.key },
    );
    sort.append(h("span", { class: "arrow", "aria-hidden": "true" }, on ? (state.down ? "▼" : "▲") : ""));
    const order = on ? (state.down ? "descending" : "ascending") : null;
    return h("th", { scope: "col", class: RIGHT.has(column.kind ?? "") ? "right" : null, "aria-sort": order }, sort);
  }

  // Rows

  private drawRow(row: Row): void {
    const index = this.rows.indexOf(row);
    const current = this.o.current?.(row) ?? false;
    const line = h("tr", { class: current ? "chosen" : null, "aria-current": current ? "true" : null });
    this.body.append(line);
    if (!this.unfolds) {
      line.append(...this.visible().map((column) => cell(this.ctx, row, column)));
      return;
    }
    const more = h("tr", { class: "more" });
    // Paper cannot be unfolded; all pages with everything unfolded would be too many to read.
    const open = (): boolean => this.state.open.has(index) || (printing() && !printingAll() && this.o.detail !== undefined);
    const unfold = button("", () => turn(), { class: "unfold", "aria-label": t("More about this row") });
    const show = (): void => {
      unfold.textContent = open() ? "▾" : "▸";
      unfold.setAttribute("aria-expanded", String(open()));
      more.hidden = !open();
      if (open() && more.childElementCount === 0) more.append(this.moreOf(row));
    };
    const turn = (): void => {
      if (!this.state.open.delete(index)) this.state.open.add(index);
      show();
      this.nameUnfoldAll();
    };
    line.classList.add("unfolds");
    line.addEventListener("click", (event) => {
      // The whole row may be clicked, but for what has a meaning of its own, and not while text is selected.
      const own = (event.target as Element).closest("button, a");
      if (!own && String(getSelection()) === "") turn();
    });
    line.append(h("td", { class: "unfold" }, unfold), ...this.visible().map((column) => cell(this.ctx, row, column)));
    this.body.append(more);
    show();
  }

  /** Return the cell below a row: the folded columns, and what the page adds. */
  private moreOf(row: Row): HTMLElement {
    const facts = h("dl", { class: "facts" });
    for (const column of this.columns.filter((c) => this.folded.has(c))) {
      if (cellText(this.ctx, row, column) === "") continue;
      facts.append(h("dt", {}, headingText(column.title)), h("dd", {}, ...cell(this.ctx, row, column).childNodes));
    }
    const content = [...(facts.childElementCount > 0 ? [facts] : []), ...(this.o.detail?.(row) ?? [])];
    const text = content.length > 0 ? content : [h("p", { class: "muted" }, t("Nothing more is known."))];
    return h("td", { colspan: this.visible().length + 1 }, h("div", { class: "more-of-row" }, ...text));
  }

  // Foot

  private drawFoot(count: number, page: number, size: number): void {
    const { foot, state } = this;
    // The buttons stay the same elements, so that a keyboard user keeps the focus.
    if (foot.childElementCount === 0) {
      const turn = (by: number) => () => {
        state.page += by;
        this.draw();
      };
      foot.append(
        h("span", { class: "muted", role: "status" }),
        button("‹", turn(-1), { "aria-label": t("Previous rows") }),
        button("›", turn(1), { "aria-label": t("Next rows") }),
        sidewaysNote(),
      );
    }
    const [text, back, next] = [...foot.children] as HTMLButtonElement[];
    const last = Math.max(0, Math.ceil(count / size) - 1);
    text!.textContent = this.footText(count, page, size);
    back!.disabled = page === 0;
    next!.disabled = page >= last;
    back!.hidden = next!.hidden = last === 0;
    text!.hidden = count === this.rows.length && last === 0 && !this.detailLeftOut();
  }

  private detailLeftOut(): boolean {
    return printingAll() && this.o.detail !== undefined && !this.allOpen();
  }

  private footText(count: number, page: number, size: number): string {
    const from = count === 0 ? 0 : page * size + 1;
    const to = Math.min(count, (page + 1) * size);
    const range = t("Rows {from}–{to} of {count}", { from, to, count });
    const parts = [count < this.rows.length ? bracketed(range, t("of {count} in all", { count: this.rows.length })) : range];
    if (printing()) {
      const chosen = choiceText(this.ctx, this.columns, this.state);
      if (chosen) parts.push(colon(t("chosen"), chosen));
      if (count > size) parts.push(t("the report on the screen and its CSV file hold all rows"));
      if (this.detailLeftOut()) parts.push(t("what the rows unfold to is printed when this page is printed alone"));
    }
    return clauses(parts);
  }
}

/** Return a title with a capital; units stay as they are written. */
function headingText(title: string): string {
  return [t("km"), t("h"), t("kg CO2e/TEU")].includes(title) ? title : cap(title);
}

function cell(ctx: Context, row: Row, column: Column): HTMLElement {
  const value = row[column.key];
  const text = cellText(ctx, row, column);
  const look = RIGHT.has(column.kind ?? "") ? "right" : widthOf(text);
  if (column.draw) return h("td", { class: look }, column.draw(row));
  if (column.kind === "sources") return h("td", {}, sourceButtons(ctx, String(value ?? "")));
  if (column.kind === "chosen") return h("td", {}, chosenButtons(ctx, String(value ?? "")));
  if (text === "") return h("td", { class: look }, "–");
  if (column.kind === "rows") return h("td", {}, rowButtons(ctx, column.table ?? "", column.title, text));
  if (column.kind === "verdict") return h("td", {}, verdictMark(String(value)));
  if (column.kind === "row") {
    const table = column.table ?? "";
    return h("td", { class: look }, button(text, () => rowDialog(ctx, table, String(value)), { class: "link", "aria-haspopup": "dialog" }));
  }
  return h("td", { class: look }, column.kind === "free" ? freeText(ctx.doc, value) : text);
}

/** Long texts keep a width that can be read; other columns fold away instead. */
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
