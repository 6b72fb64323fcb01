/** Measures of cooperation by pillar, and the scenarios that put them together. */

import { type Cell, type Row, ids, number } from "../core/document";
import { button, clear, h } from "../core/dom";
import { registerPage, type Context } from "../core/pages";
import { sourceButtons } from "../core/sources";
import { dataTable } from "../core/table";
import { field, fromData, num, t } from "../core/texts";
import { cap, word } from "../core/words";
import { PILLARS, pillarTitle } from "./words";
import "./reading.css";

type Filter = "all" | "applied" | "pending";

registerPage({ id: "measures", title: () => t("Measures and scenarios"), order: 50, render });

function render(root: HTMLElement, ctx: Context): void {
  const measures = ctx.doc.table("measures");
  const taken = measures.filter((row) => row.applied === true).length;
  root.append(
    h(
      "p",
      { class: "lead" },
      t("{taken} of {count} measures are part of this run. A measure changes rows of the tables; what follows is computed, not assumed.", {
        taken,
        count: measures.length,
      }),
    ),
  );
  const filters = h("div", { class: "filters", role: "group", "aria-label": t("Filter") });
  const groups = h("div", {});
  const show = (filter: Filter): void => {
    clear(filters);
    filters.append(...filterButtons(measures, filter, show));
    clear(groups);
    pillarGroups(groups, ctx, measures.filter((row) => passes(row, filter)));
  };
  root.append(filters, groups);
  show("all");
  scenarios(root, ctx);
  measureTable(root, ctx, measures);
}

function passes(row: Row, filter: Filter): boolean {
  if (filter === "applied") return row.applied === true;
  return filter === "all" || waits(row);
}

/** What a measure says that no engine has to read, because the tables hold its effect already. */
const NOTHING = "nothing to read:";

function waits(row: Row): boolean {
  return Boolean(row.pending) && !String(row.pending).startsWith(NOTHING);
}

function filterButtons(rows: Row[], on: Filter, show: (filter: Filter) => void): HTMLElement[] {
  const names: [Filter, string][] = [
    ["all", t("All")],
    ["applied", t("In this run")],
    ["pending", t("Not read by an engine yet")],
  ];
  return names.map(([filter, name]) => {
    const count = rows.filter((row) => passes(row, filter)).length;
    return button(`${name} (${num(count)})`, () => show(filter), {
      "aria-pressed": String(filter === on),
    });
  });
}

function pillarGroups(parent: HTMLElement, ctx: Context, rows: Row[]): void {
  const known = new Set(PILLARS);
  const others = [...new Set(rows.map((row) => String(row.pillar)))].filter((p) => !known.has(p));
  for (const pillar of [...PILLARS, ...others]) {
    const own = rows.filter((row) => row.pillar === pillar);
    if (!own.length) continue;
    const cards = h("div", { class: "cards" });
    for (const row of own) cards.append(card(ctx, row));
    parent.append(h("h2", {}, pillarTitle(pillar)), cards);
  }
  if (!rows.length) parent.append(h("p", { class: "muted" }, t("No measure.")));
}

function card(ctx: Context, row: Row): HTMLElement {
  const applied = row.applied === true;
  const facts = h("dl", { class: "facts" });
  const add = (name: string, value: string | null): void => {
    if (value) facts.append(h("dt", {}, name), h("dd", {}, value));
  };
  add(t("state"), [word(row.state), row.from_year].filter(Boolean).join(", "));
  add(t("cost"), costText(row));
  add(t("authority"), row.authority ? String(row.authority) : null);
  add(t("changes"), Number(row.changes) ? t("Rows of tables: {count}", { count: Number(row.changes) }) : null);
  const pending = String(row.pending ?? "");
  if (waits(row)) add(t("waits for"), fromData(pending));
  else add(t("no change, because"), fromData(pending.slice(NOTHING.length).trim()));
  add(t("confidence"), row.confidence ? word(row.confidence) : null);
  add(t("themes"), ids(row.tags).map(word).join(", "));
  return h(
    "article",
    { class: applied ? "card applied" : "card", id: `measure-${String(row.id)}` },
    h("h3", {}, field(row, "title") || String(row.id)),
    h("p", {}, field(row, "summary")),
    h("p", {}, h("span", { class: `mark ${applied ? "good" : "none"}` }, applied ? `✓ ${t("in this run")}` : t("not in this run"))),
    facts,
    row.note ? h("p", { class: "muted" }, fromData(String(row.note))) : null,
    h("div", {}, sourceButtons(ctx, String(row.source_id ?? ""))),
  );
}

/** "1,200–1,500 million USD", one end where only one is known. */
function costText(row: Row): string | null {
  const money = (value: Cell | undefined): string => {
    const amount = number(value);
    return num(amount, amount !== null && Math.abs(amount) < 10 && !Number.isInteger(amount) ? 1 : 0);
  };
  const [low, high] = [number(row.cost_low_musd), number(row.cost_high_musd)];
  const middle = number(row.cost_musd);
  const range = low !== null && high !== null && low !== high ? `${money(low)}–${money(high)}` : null;
  if (middle === null && range === null) return null;
  const amount = middle === null ? range : range ? `${money(middle)} (${range})` : money(middle);
  return t("{amount} million USD", { amount: amount ?? "" });
}

function scenarios(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("scenarios");
  if (!rows.length) return;
  root.append(h("h2", {}, t("Scenarios")));
  const cards = h("div", { class: "cards" });
  for (const row of rows) cards.append(scenarioCard(ctx, row));
  root.append(cards);
}

function scenarioCard(ctx: Context, row: Row): HTMLElement {
  const own = ids(row.measures);
  const list = h("ul", {});
  for (const id of own) list.append(h("li", {}, ctx.doc.name("measures", id)));
  const current = row.id === ctx.doc.meta.scenario;
  return h(
    "article",
    { class: current ? "card applied" : "card" },
    h("h3", {}, field(row, "title") || String(row.id)),
    h("p", {}, field(row, "summary")),
    current ? h("p", {}, h("span", { class: "mark good" }, `✓ ${t("this run")}`)) : null,
    h("p", {}, t("Year: {year}", { year: String(row.year ?? "–") })),
    own.length
      ? h("details", {}, h("summary", {}, t("Measures: {count}", { count: own.length })), list)
      : h("p", { class: "muted" }, t("Without measures")),
  );
}

function measureTable(root: HTMLElement, ctx: Context, measures: Row[]): void {
  const rows = measures.map((row) => ({ ...row, title: field(row, "title") || String(row.id) }));
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "title", title: t("measure") },
      { key: "pillar", title: t("pillar"), kind: "word" },
      { key: "state", title: t("state"), kind: "word" },
      { key: "from_year", title: t("from year") },
      { key: "applied", title: cap(t("in this run")) },
      { key: "cost_musd", title: t("million USD"), kind: "number" },
      { key: "authority", title: t("authority") },
      { key: "source_id", title: t("sources"), kind: "sources" },
    ],
    { caption: t("All measures"), file: "measures", filter: true, pageSize: 10 },
  );
}
