/** All documents behind the numbers, and where each is used. */

import { type Row, ids } from "../core/document";
import { button, h, safeUrl } from "../core/dom";
import { registerPage, type Context } from "../core/pages";
import { bracketed, listed } from "../core/phrases";
import { openDialog, rowDialog } from "../core/sources";
import { dataTable, FOLDED } from "../core/table";
import { dateText, num, t } from "../core/texts";
import { cap } from "../core/words";
import { tableWord } from "./words";
import "./reading.css";

const MOST_ROWS = 300;

/** Table -> ids of the rows that cite a source. */
type Uses = Map<string, string[]>;

registerPage({ id: "sources", title: () => t("Sources"), order: 100, needs: ["evidence", "details"], render });

function render(root: HTMLElement, ctx: Context): void {
  const uses = usesOf(ctx);
  const of = (row: Row): Uses => uses.get(String(row.id)) ?? new Map();
  const rows = ctx.doc.table("input_sources").map((row) => ({ ...row, used_in: usesText(of(row)) }));
  root.append(
    h("p", { class: "lead" }, t("{count} documents stand behind the numbers. Open \"used in\" to see each row that rests on a document.", { count: rows.length })),
  );
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "title", title: t("document"), draw: documentLink },
      { key: "publisher", title: t("publisher"), fold: 2 },
      { key: "date", title: t("date"), text: (row) => (row.date ? dateText(String(row.date)) : ""), fold: 3 },
      { key: "used_in", title: t("used in"), draw: (row) => usesButton(ctx, row, of(row)), fold: 1 },
      { key: "licence", title: t("licence"), kind: "free", fold: 4 },
      { key: "url", title: t("address"), fold: FOLDED },
      { key: "accessed", title: t("accessed"), text: (row) => (row.accessed ? dateText(String(row.accessed)) : ""), fold: FOLDED },
      { key: "note", title: t("note"), fold: FOLDED },
      { key: "id", title: t("row"), kind: "row", table: "input_sources", fold: FOLDED },
    ],
    { caption: t("Documents"), file: "sources", filter: true },
  );
}

function documentLink(row: Row): HTMLElement {
  const url = safeUrl(row.url);
  const title = String(row.title ?? row.id);
  return url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, title) : h("span", {}, title);
}

function usesButton(ctx: Context, row: Row, uses: Uses): HTMLElement {
  if (uses.size === 0) return h("span", {}, "–");
  const open = (): void => usesDialog(ctx, String(row.title ?? row.id), uses);
  return button(usesText(uses), open, { class: "link", "aria-haspopup": "dialog" });
}

function usesText(uses: Uses): string {
  return listed([...uses].map(([table, list]) => `${tableWord(table)} ${num(list.length)}`));
}

/** Every row that cites the source, by table; a click shows the row. */
function usesDialog(ctx: Context, title: string, uses: Uses): void {
  const parts = [...uses].flatMap(([table, list]) => {
    const rows = h("ul", {});
    for (const id of list.slice(0, MOST_ROWS)) {
      const name = ctx.doc.name(table, id);
      const text = name === id ? id : bracketed(name, id);
      rows.append(h("li", {}, button(text, () => rowDialog(ctx, table, id), { class: "link", "aria-haspopup": "dialog" })));
    }
    const heading = h("h3", {}, bracketed(cap(tableWord(table)), list.length));
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
