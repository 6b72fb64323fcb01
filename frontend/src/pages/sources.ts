/** All documents behind the numbers, and where each is used. */

import { downloadCsv } from "../core/csv";
import { type Row, ids } from "../core/document";
import { button, clear, h, safeUrl } from "../core/dom";
import { registerPage, type Context } from "../core/pages";
import { openDialog, rowDialog } from "../core/sources";
import { dateText, lang, num, t } from "../core/texts";
import { cap } from "../core/words";
import { tableWord } from "./words";
import "./reading.css";

const PAGE_SIZE = 25;
const MOST_ROWS = 300;

/** Table -> ids of the rows that cite a source. */
type Uses = Map<string, string[]>;

registerPage({ id: "sources", title: () => t("Sources"), order: 100, render });

function render(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("input_sources");
  const uses = usesOf(ctx);
  const body = h("tbody");
  const count = h("span", { class: "muted", role: "status" });
  const state = { words: ctx.params.get("find") ?? "", page: 0 };
  const found = (): Row[] => rows.filter((row) => matches(row, state.words));

  const show = (): void => {
    const all = found();
    const last = Math.max(0, Math.ceil(all.length / PAGE_SIZE) - 1);
    state.page = Math.min(Math.max(0, state.page), last);
    const start = state.page * PAGE_SIZE;
    const page = all.slice(start, start + PAGE_SIZE);
    clear(body);
    for (const row of page) body.append(line(ctx, row, uses.get(String(row.id)) ?? new Map()));
    const from = all.length ? start + 1 : 0;
    count.textContent = t("Rows {from}–{to} of {count}", { from, to: start + page.length, count: all.length });
    back.disabled = state.page === 0;
    next.disabled = state.page === last;
  };
  const turn = (by: number) => () => {
    state.page += by;
    show();
  };
  const back = button("‹", turn(-1), { "aria-label": t("Previous rows") }) as HTMLButtonElement;
  const next = button("›", turn(1), { "aria-label": t("Next rows") }) as HTMLButtonElement;
  const box = h("input", {
    type: "search",
    placeholder: t("Title, publisher, address"),
    "aria-label": t("Find a source"),
    value: state.words,
    oninput: (event: Event) => {
      state.words = (event.target as HTMLInputElement).value;
      state.page = 0;
      show();
    },
  });
  root.append(
    h("p", { class: "lead" }, t("{count} documents stand behind the numbers. Open \"used in\" to see each row that rests on a document.", { count: rows.length })),
    h(
      "div",
      { class: "data-table" },
      h("div", { class: "table-head" }, h("div", { class: "table-tools" }, box, button("CSV", () => save(found(), uses), { title: t("Save the data (CSV)") }))),
      h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": t("Sources") }, sourceTable(body)),
      h("div", { class: "table-foot" }, count, back, next),
    ),
  );
  show();
}

function sourceTable(body: HTMLElement): HTMLElement {
  const titles = [t("document"), t("publisher"), t("date"), t("used in"), t("licence")];
  return h(
    "table",
    {},
    h("caption", { class: "hidden" }, t("Sources")),
    h("thead", {}, h("tr", {}, ...titles.map((title) => h("th", { scope: "col" }, cap(title))))),
    body,
  );
}

function line(ctx: Context, row: Row, uses: Uses): HTMLElement {
  const url = safeUrl(row.url);
  const title = String(row.title ?? row.id);
  const used = [...uses.values()].reduce((sum, list) => sum + list.length, 0);
  return h(
    "tr",
    {},
    h("td", {}, url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, title) : title),
    h("td", {}, String(row.publisher ?? "–")),
    h("td", {}, row.date ? dateText(String(row.date)) : "–"),
    h("td", {}, used ? button(usesText(uses), () => usesDialog(ctx, title, uses), { class: "link", "aria-haspopup": "dialog" }) : "–"),
    h("td", { class: "muted" }, String(row.licence ?? "–")),
  );
}

function usesText(uses: Uses): string {
  return [...uses].map(([table, list]) => `${tableWord(table)} ${num(list.length)}`).join(", ");
}

/** Every row that cites the source, by table; a click shows the row. */
function usesDialog(ctx: Context, title: string, uses: Uses): void {
  const parts = [...uses].flatMap(([table, list]) => {
    const rows = h("ul", {});
    for (const id of list.slice(0, MOST_ROWS)) {
      const name = ctx.doc.name(table, id);
      const text = name === id ? id : `${name} (${id})`;
      rows.append(h("li", {}, button(text, () => rowDialog(ctx, table, id), { class: "link", "aria-haspopup": "dialog" })));
    }
    const heading = h("h3", {}, `${cap(tableWord(table))} (${num(list.length)})`);
    const more = list.length - MOST_ROWS;
    return more > 0 ? [heading, rows, h("p", {}, t("and {count} more", { count: more }))] : [heading, rows];
  });
  openDialog(title, ...parts);
}

/** Where each source is cited: every column of an input table, or of the measures, that names sources. */
function usesOf(ctx: Context): Map<string, Uses> {
  const all = new Map<string, Uses>();
  const tables = Object.keys(ctx.doc.raw.tables).filter((name) => name.startsWith("input_"));
  for (const table of [...tables, "measures"]) {
    const columns = ctx.doc.columns(table).map((column) => column.name);
    const key = columns[0] ?? "id";
    const citing = columns.filter((name) => /(^|_)source_ids?$/.test(name));
    if (!citing.length) continue;
    for (const row of ctx.doc.table(table)) {
      for (const source of new Set(citing.flatMap((name) => ids(row[name])))) note(all, source, table, String(row[key]));
    }
  }
  return all;
}

function note(all: Map<string, Uses>, source: string, table: string, id: string): void {
  const uses = all.get(source) ?? new Map<string, string[]>();
  all.set(source, uses);
  const list = uses.get(table);
  if (list) list.push(id);
  else uses.set(table, [id]);
}

function matches(row: Row, words: string): boolean {
  const wanted = words.toLocaleLowerCase(lang()).split(/\s+/).filter(Boolean);
  const text = [row.id, row.title, row.publisher, row.date, row.url, row.licence]
    .join(" ")
    .toLocaleLowerCase(lang());
  return wanted.every((word) => text.includes(word));
}

function save(rows: Row[], uses: Map<string, Uses>): void {
  const columns = ["id", "title", "publisher", "date", "url", "licence", "used_in"];
  const full = rows.map((row) => ({ ...row, used_in: usesText(uses.get(String(row.id)) ?? new Map()) }));
  downloadCsv("sources", columns, full);
}
