/** Dialogs that follow a number to its row and its sources. */

import { type Cell, type ColumnInfo, type Row, ids } from "./document";
import { button, h, safeUrl } from "./dom";
import { freeText } from "./freetext";
import type { Context } from "./pages";
import { bracketed, colon, listed } from "./phrases";
import { dateText, fromData, num, partyName, t } from "./texts";
import { cap, unit, word } from "./words";

/** Return a button "Sources: 2" that shows the documents behind a number. */
export function sourceButtons(ctx: Context, text: string): HTMLElement {
  const cited = ids(text);
  if (cited.length === 0) return h("span", { class: "muted" }, "–");
  return button(
    t("Sources: {count}", { count: cited.length }),
    () => whenWhole(ctx, () => openDialog(t("Sources"), sourceList(ctx, cited))),
    { class: "link", "aria-haspopup": "dialog" },
  );
}

/** Return the documents as a list: title, publisher, date, address, licence. */
export function sourceList(ctx: Context, cited: string[]): HTMLElement {
  const list = h("ul", { class: "sources" });
  for (const id of cited) list.append(sourceItem(ctx, ctx.doc.row("input_sources", id), id));
  return list;
}

function sourceItem(ctx: Context, row: Row | undefined, id: string): HTMLElement {
  if (!row) return h("li", {}, h("code", {}, id));
  const url = safeUrl(row.url);
  const title = String(row.title ?? id);
  const [publisher, date] = [String(row.publisher ?? ""), row.date ? dateText(String(row.date)) : ""];
  const facts = publisher && date ? bracketed(publisher, date) : publisher || date;
  return h(
    "li",
    {},
    url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, title) : h("strong", {}, title),
    h("div", { class: "muted" }, facts),
    row.licence ? h("div", { class: "muted" }, colon(t("Licence"), ""), freeText(ctx.doc, row.licence)) : null,
    row.note ? h("div", {}, freeText(ctx.doc, row.note)) : null,
    h("div", { class: "muted" }, h("code", {}, id)),
  );
}

/** Show a row of an input table: all columns, where the values come from, and why. */
export function rowDialog(ctx: Context, table: string, id: string): void {
  whenWhole(ctx, () => openRow(ctx, table, id));
}

function openRow(ctx: Context, table: string, id: string): void {
  const row = ctx.doc.row(table, id);
  const name = ctx.doc.name(table, id);
  if (!row) {
    openDialog(id, h("p", {}, t("The document holds no such row.")));
    return;
  }
  const list = h("dl", { class: "row" });
  for (const column of ctx.doc.columns(table)) {
    const value = row[column.name];
    if (value === null || value === undefined || value === "") continue;
    list.append(
      h("dt", { title: fromData(column.description) }, h("span", {}, fromData(column.description)), h("code", {}, column.name)),
      h("dd", {}, cellNode(ctx, column, value)),
    );
  }
  openDialog(name, h("p", { class: "muted" }, h("code", {}, `${table.replace(/^input_/, "")}.csv`), " ", h("code", {}, id)), list);
}

function cellNode(ctx: Context, column: ColumnInfo, value: Cell): Node {
  if (/(^|_)source_ids?$/.test(column.name)) return sourceList(ctx, ids(value));
  if (/(^|_)status$/.test(column.name)) return statusMark(String(value));
  if (column.name === "parties") return document.createTextNode(listed(ids(value).map(partyName)));
  if (column.type === "prose") return freeText(ctx.doc, value);
  if (typeof value === "number") {
    // As many decimals as the value has, at most three; years without separators.
    const digits = Number.isInteger(value) ? 0 : Math.min(3, (String(value).split(".")[1] ?? "").length);
    return document.createTextNode(`${num(value, digits)}${column.unit ? ` ${unit(column.unit)}` : ""}`);
  }
  if (typeof value === "boolean") return document.createTextNode(value ? t("yes") : t("no"));
  return safeUrl(value)
    ? h("a", { href: String(value), target: "_blank", rel: "noopener noreferrer" }, String(value))
    : document.createTextNode(String(value));
}

/** Return where a number comes from as a mark with a sign and a word. */
export function statusMark(status: string): HTMLElement {
  return h("span", { class: `mark status-${status}` }, word(status));
}

/** Return buttons for numbers nobody reported, given as "table.row.quantity;table.row.quantity". */
export function chosenButtons(ctx: Context, text: string): HTMLElement {
  const chosen = ids(text);
  if (chosen.length === 0) return h("span", { class: "muted" }, "–");
  return button(
    t("Chosen: {count}", { count: chosen.length }),
    () => whenWhole(ctx, () => openDialog(t("Numbers that no source gives"), chosenTable(ctx, chosen))),
    { class: "link", "aria-haspopup": "dialog" },
  );
}

/** Return the chosen numbers with value, status and reason. */
export function chosenTable(ctx: Context, chosen: string[]): HTMLElement {
  const body = h("tbody");
  for (const entry of chosen) body.append(chosenRow(ctx, entry));
  return h(
    "table",
    { class: "plain" },
    h("caption", { class: "hidden" }, t("Numbers that no source gives")),
    h("thead", {}, h("tr", {}, ...[t("number"), t("status"), t("why this value")].map((x) => h("th", { scope: "col" }, x)))),
    body,
  );
}

function chosenRow(ctx: Context, entry: string): HTMLElement {
  // Ids may hold dots; names of tables and quantities have none.
  const [, table, id, quantity] = /^(\w+)\.(.+)\.(\w+)$/.exec(entry) ?? [];
  const row = table && id ? ctx.doc.row(`input_${table}`, id) : undefined;
  const status = String(row?.[`${quantity}_status`] ?? row?.status ?? "");
  const reason = String(row?.[`${quantity}_reason`] ?? row?.reason ?? "");
  const open =
    row && id ? button(entry, () => rowDialog(ctx, `input_${table}`, id), { class: "link" }) : h("code", {}, entry);
  return h("tr", {}, h("td", {}, open), h("td", {}, status ? statusMark(status) : "–"), h("td", {}, freeText(ctx.doc, reason)));
}

/** Return a button that lists rows of a table, each of which can be opened. */
export function rowButtons(ctx: Context, table: string, title: string, text: string): HTMLElement {
  const rows = ids(text);
  const list = () =>
    h("ul", {}, ...rows.map((id) => h("li", {}, button(ctx.doc.name(table, id), () => rowDialog(ctx, table, id), { class: "link" }))));
  return button(num(rows.length), () => whenWhole(ctx, () => openDialog(cap(title), list())), { class: "link", "aria-haspopup": "dialog" });
}

/** Act once all tables are there, since a dialog may show a row of any; at once where they are. */
function whenWhole(ctx: Context, act: () => void): void {
  const coming = ctx.doc.need();
  if (!coming) act();
  else coming.then(act, () => openDialog(t("Sources"), h("p", { role: "alert" }, t("The server does not answer."))));
}

/** Show a dialog; Escape or its button closes it, and the focus goes back to where it was. */
export function openDialog(title: string, ...content: Node[]): HTMLDialogElement {
  const box = h("dialog", { "aria-label": title }) as HTMLDialogElement;
  const close = button("×", () => box.close(), { class: "close", "aria-label": t("Close") });
  box.append(h("header", {}, h("h2", {}, title), close), h("div", { class: "dialog-body" }, ...content));
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (event) => {
    // A click outside the contents hits the dialog itself.
    if (event.target === box) box.close();
  });
  document.body.append(box);
  box.showModal();
  return box;
}
