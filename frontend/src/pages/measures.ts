/** Measures of cooperation by pillar, and the scenarios that put them together. */

import { type Row, ids, number } from "../core/document";
import { type Child, h } from "../core/dom";
import { freeText } from "../core/freetext";
import { afterPaint } from "../core/later";
import { registerPage, type Context } from "../core/pages";
import { costOfMeasure } from "../core/flows";
import { listed } from "../core/phrases";
import { printing } from "../core/printing";
import { sourceButtons } from "../core/sources";
import { dataTable, FOLDED } from "../core/table";
import { field, t } from "../core/texts";
import { cap, word } from "../core/words";
import { PILLARS, pillarTitle } from "./words";
import "./reading.css";

const STATES = ["done", "under_construction", "committed", "planned", "proposed"];

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
  if (measures.length) {
    byPillar(root, ctx, measures);
    measureTable(root, ctx, measures);
    goToChosen(root);
  } else {
    root.append(h("p", { class: "muted" }, t("No measure.")));
  }
  scenarios(root, ctx);
}

/** Go to the measure that the address names, once the page is in its place. */
function goToChosen(root: HTMLElement): void {
  const row = root.querySelector("tr.chosen");
  if (!row || printing()) return;
  afterPaint(() => {
    row.scrollIntoView({ block: "center" });
    row.querySelector<HTMLElement>("button.unfold")?.focus({ preventScroll: true });
  });
}

/** How many measures each pillar has, and how far they are. */
function byPillar(root: HTMLElement, ctx: Context, measures: Row[]): void {
  const pillars = [...PILLARS, ...others(measures)].filter((pillar) => measures.some((row) => row.pillar === pillar));
  const states = STATES.filter((state) => measures.some((row) => row.state === state));
  const rows = pillars.map((pillar) => {
    const own = measures.filter((row) => row.pillar === pillar);
    const counts = states.map((state): [string, number] => [state, own.filter((row) => row.state === state).length]);
    return { pillar, all: own.length, ...Object.fromEntries(counts) };
  });
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "pillar", title: t("pillar"), text: (row) => pillarTitle(String(row.pillar)) },
      { key: "all", title: t("all"), kind: "number" },
      ...states.map((state, i) => ({ key: state, title: word(state), kind: "number" as const, fold: i + 1 })),
    ],
    { caption: t("Measures by pillar and state"), file: "measures-by-pillar" },
  );
}

function others(measures: Row[]): string[] {
  return [...new Set(measures.map((row) => String(row.pillar)))].filter((pillar) => !PILLARS.includes(pillar));
}

/** What a measure says that no engine has to read, because the tables hold its effect already. */
const NOTHING = "nothing to read:";

function waits(row: Row): boolean {
  return Boolean(row.pending) && !String(row.pending).startsWith(NOTHING);
}

/** The reason without the words before it; Chinese has a colon of its own. */
function afterColon(text: string): string {
  return text.replace(/^[^:：]*[:：]\s*/, "");
}

/** What a measure is, and what it waits for; the folded columns of its row stand above. */
function about(ctx: Context, row: Row): Node[] {
  const facts = h("dl", { class: "facts" });
  const add = (name: string, value: Child): void => {
    if (value) facts.append(h("dt", {}, cap(name)), h("dd", {}, value));
  };
  add(t("changes"), Number(row.changes) ? t("Rows of tables: {count}", { count: Number(row.changes) }) : "");
  if (waits(row)) add(t("waits for"), freeText(ctx.doc, row.pending));
  else if (row.pending) add(t("no change, because"), freeText(ctx.doc, row.pending, afterColon));
  add(t("confidence"), row.confidence ? word(row.confidence) : "");
  add(t("themes"), listed(ids(row.tags).map(word)));
  return [
    h("p", {}, field(row, "summary")),
    ...(facts.childElementCount ? [facts] : []),
    ...(row.note ? [h("p", { class: "muted" }, freeText(ctx.doc, row.note))] : []),
    h("p", {}, sourceButtons(ctx, String(row.source_id ?? ""))),
  ];
}

function costText(row: Row): string {
  return costOfMeasure(number(row.cost_musd), number(row.cost_low_musd), number(row.cost_high_musd));
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
  const rows = measures.map((row) => ({
    ...row,
    title: field(row, "title") || String(row.id),
    summary: field(row, "summary"),
    // The choice among rows needs a value for "no".
    applied: row.applied === true,
    waiting: waits(row),
  }));
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "title", title: t("measure") },
      { key: "pillar", title: t("pillar"), kind: "word", fold: 1 },
      { key: "state", title: t("state"), kind: "word", fold: 2 },
      { key: "from_year", title: t("from year"), fold: 3 },
      { key: "applied", title: cap(t("in this run")), draw: (row) => appliedMark(row), fold: 5 },
      { key: "cost_musd", title: t("cost"), text: costText, fold: 4 },
      { key: "waiting", title: t("not used by the model yet"), fold: FOLDED },
      { key: "authority", title: t("authority"), kind: "free", fold: FOLDED },
    ],
    {
      caption: t("All measures"),
      file: "measures",
      filter: true,
      pageSize: 60,
      choices: ["pillar", "state", "applied", "waiting"],
      saved: ["cost_low_musd", "cost_high_musd", "source_id", "id"],
      detail: (row) => about(ctx, row),
      current: (row) => row.id === ctx.params.get("measure"),
    },
  );
}

function appliedMark(row: Row): HTMLElement {
  return h("span", { class: row.applied ? "mark good" : "muted" }, row.applied ? `✓ ${t("yes")}` : t("no"));
}
