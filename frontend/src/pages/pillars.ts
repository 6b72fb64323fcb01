/** The five pillars: scores with intervals and coverage, ranks, and the indicators behind them with their holes. */

import { number, type Row } from "../core/document";
import { h, select } from "../core/dom";
import { type Context, registerPage } from "../core/pages";
import { kept } from "../core/kept";
import { colon, listed, sentences } from "../core/phrases";
import { dataTable } from "../core/table";
import { num, percent, t } from "../core/texts";
import { cap, unit, word } from "../core/words";
import { cellDialogButton, cellRows, heatMap, valueText } from "./pillar-cells";
import { rankChart, scoreChart } from "./pillar-charts";
import "./pillars.css";

registerPage({ id: "pillars", order: 57, title: () => t("Five pillars"), needs: ["evidence", "details"], render });

function render(root: HTMLElement, ctx: Context): void {
  const board = ctx.doc.table("scoreboard")[0];
  const units = ctx.doc.table("input_units").map((row) => String(row.id));
  if (!board || units.length === 0) {
    root.append(h("p", { class: "notice" }, t("The run scores no pillars: the case has no scoreboard.")));
    return;
  }
  root.append(h("p", { class: "lead" }, leadText(board)), h("p", { class: "hint" }, ruleText(board)));
  const asked = ctx.params.get("unit") ?? "";
  const chosen = units.includes(asked) ? asked : units[0]!;
  const options = units.map((id) => ({ value: id, text: ctx.doc.name("input_units", id) }));
  root.append(h("div", { class: "controls" }, select(cap(t("pair of countries")), options, chosen, (id) => ctx.go("pillars", { unit: id }))));
  scoreChart(root, ctx, chosen);
  ranks(root, ctx);
  root.append(h("h2", {}, t("Indicators of all pairs")));
  heatMap(root, ctx);
  indicators(root, ctx, chosen);
  root.append(h("h2", {}, t("What the scores rest on")));
  correlations(root, ctx);
  sensitivity(root, ctx);
}

function leadText(board: Row): string {
  return t("Scores of {year} from 0 to 100, of {units} pairs of countries and {indicators} indicators.", { year: String(board.year), units: String(board.units), indicators: String(board.indicators) });
}

function ruleText(board: Row): string {
  const values = { share: percent(number(board.interval_share) ?? 0), draws: number(board.draws) ?? 0, years: String(board.carried_years) };
  return sentences([
    t("Lines hold {share} of {draws} draws of weights, means and carried values.", values),
    t("A value counts up to {years} years later; what is not known stays empty.", values),
    t("A pillar with less than half of its indicators has no score."),
  ]);
}

/** Places of all pairs in what the reader chooses. */
function ranks(root: HTMLElement, ctx: Context): void {
  const elements = ctx.doc.table("input_indicators").filter((row) => row.level === "index" || row.level === "pillar");
  const state = kept("pillars ranks", () => ({ element: String(elements.find((row) => row.level === "pillar")?.id ?? "") }));
  const place = h("div", {});
  const draw = (): void => {
    place.replaceChildren();
    rankChart(place, ctx, state.element);
  };
  const options = elements.map((row) => ({ value: String(row.id), text: ctx.doc.name("input_indicators", String(row.id)) }));
  const choice = select(cap(t("pillar")), options, state.element, (id) => {
    state.element = id;
    draw();
  });
  root.append(h("h2", {}, t("Ranks of the pairs")), h("div", { class: "controls" }, choice), place);
  draw();
}

function indicators(root: HTMLElement, ctx: Context, chosen: string): void {
  const pair = ctx.doc.name("input_units", chosen);
  dataTable(
    root,
    ctx,
    cellRows(ctx, chosen),
    [
      { key: "name", title: t("indicator"), draw: (row) => cellDialogButton(ctx, row) },
      { key: "pillar", title: t("pillar"), fold: 5 },
      { key: "value", title: t("value"), kind: "number", text: (row) => valueText(number(row.value)) },
      { key: "unit", title: t("unit"), text: (row) => unit(row.unit), fold: 3 },
      { key: "value_year", title: t("year"), fold: 4 },
      { key: "status", title: t("status"), kind: "word", fold: 2 },
      { key: "normalised", title: t("of 100"), kind: "number" },
      { key: "weight_percent", title: t("weight in the pillar, %"), kind: "number", digits: 1, fold: 6 },
      { key: "source_id", title: t("sources"), kind: "sources", fold: 1 },
    ],
    { caption: colon(t("Indicators"), pair), file: "karvan-pillar-indicators", filter: true, pageSize: 50, choices: ["status"], saved: ["unit_id", "indicator_id", "row_id", "treated", "scale_low", "scale_high"] },
  );
}

function correlations(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("score_correlations").map((row) => ({
    ...row,
    names: listed([row.element_id, row.other_element_id].map((id) => ctx.doc.name("input_indicators", String(id)))),
  })) as Row[];
  root.append(h("p", {}, t("Where pillars go together, equal weights count one thing twice. Over so few pairs a correlation is a hint.")));
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "names", title: t("pillars") },
      { key: "correlation", title: t("correlation"), kind: "number", text: (row) => num(number(row.correlation), 2) },
      { key: "units", title: t("pairs with both scores"), kind: "number" },
    ],
    { caption: t("Correlations of the pillars"), file: "karvan-pillar-correlations", saved: ["element_id", "other_element_id"] },
  );
}

function sensitivity(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("score_sensitivity");
  if (rows.length === 0) {
    root.append(h("p", {}, t("Fewer than two pairs have all pillars, so nothing can be said about what moves the ranks of the index.")));
    return;
  }
  const interval = (row: Row, part: string): string => `${num(number(row[`${part}_low`]), 2)}–${num(number(row[`${part}_high`]), 2)}`;
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "factor", title: t("choice"), text: (row) => cap(word(row.factor)) },
      { key: "first", title: t("alone"), kind: "number", text: (row) => num(number(row.first), 2) },
      { key: "first_low", title: t("interval"), text: (row) => interval(row, "first"), fold: 2 },
      { key: "total", title: t("with all others"), kind: "number", text: (row) => num(number(row.total), 2) },
      { key: "total_low", title: t("interval"), text: (row) => interval(row, "total"), fold: 1 },
    ],
    { caption: t("What moves the ranks of the index: Sobol' indices"), file: "karvan-pillar-sensitivity", saved: ["first_high", "total_high", "runs"] },
  );
}
