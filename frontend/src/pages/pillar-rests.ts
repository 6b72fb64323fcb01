/** What the scores rest on: how the pillars go together, and which choice moves the ranks. */

import { chart } from "../core/chart";
import { number, type Row } from "../core/document";
import { h } from "../core/dom";
import { intervals, nameAxis } from "../core/drawing";
import type { Context } from "../core/pages";
import { clauses, colon, listed } from "../core/phrases";
import { scrollPlace } from "../core/scrolling";
import { dataTable } from "../core/table";
import { num, t } from "../core/texts";
import { palette } from "../core/theme";
import { cap, word } from "../core/words";
import type { Board } from "./pillar-board";

/** Draw the correlations of the pillars as a matrix. */
export function correlations(root: HTMLElement, ctx: Context, board: Board): void {
  const rows = ctx.doc.table("score_correlations");
  if (rows.length === 0) return;
  const found = (a: string, b: string): Row | undefined => rows.find((row) => (row.element_id === a && row.other_element_id === b) || (row.element_id === b && row.other_element_id === a));
  const caption = t("Correlations of the pillars, and the pairs that have both scores");
  const head = h("tr", {}, h("td", {}), ...board.pillars.map((one) => h("th", { scope: "col" }, one.name)));
  const body = h("tbody", {}, ...board.pillars.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), ...board.pillars.map((other) => correlationCell(one.id === other.id ? undefined : found(one.id, other.id))))));
  root.append(
    h("p", {}, t("Where pillars go together, equal weights count one thing twice: if two pillars were the same, a fifth of the weight each would make two fifths for it. A gain there is rewarded twice, and ranks look surer than they are. Over so few pairs a correlation is a hint.")),
    h("div", { class: "data-table" }, scrollPlace(caption, h("table", { class: "heat correlations" }, h("caption", { class: "hidden" }, caption), h("thead", {}, head), body))),
  );
}

function correlationCell(row: Row | undefined): HTMLElement {
  if (!row) return h("td", { class: "self" });
  const r = number(row.correlation);
  const pairs = h("span", { class: "heat-coverage" }, t("{count} pairs", { count: num(number(row.units)) }));
  if (r === null) return h("td", { class: "hole" }, pairs);
  const cell = h("td", { class: r < 0 ? "against" : null }, `${r < 0 ? "−" : "+"}${num(Math.abs(r), 2)}`, pairs);
  cell.style.setProperty("--part", `${42 * Math.abs(r)}%`);
  return cell;
}

const SHIFT_PX = 7;
const WIDE = 0.2;

/** Draw the Sobol' indices: what each choice moves alone, and with all others. */
export function sensitivity(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("score_sensitivity");
  if (rows.length === 0) {
    root.append(h("p", {}, t("Fewer than two pairs have all pillars, so nothing can be said about what moves the ranks of the index.")));
    return;
  }
  root.append(h("p", {}, t("Shares of the spread of ranks that a choice explains: alone, and together with all others. Between the two lies what only shows when choices meet.")));
  sensitivityChart(root, rows);
  const wide = rows.filter((row) => (["first", "total"] as const).some((part) => (number(row[`${part}_high`]) ?? 0) - (number(row[`${part}_low`]) ?? 0) > WIDE));
  if (wide.length > 0) root.append(h("p", { class: "notice" }, t("Intervals wider than {width}, read as hints: {choices}", { width: num(WIDE, 1), choices: listed(wide.map((row) => word(row.factor))) })));
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

function sensitivityChart(root: HTMLElement, rows: Row[]): void {
  const names = nameAxis(root, rows.map((row) => cap(word(row.factor))), 200);
  const parts = [
    { part: "first", title: t("alone"), shift: -SHIFT_PX, colour: palette[0]!, symbol: "circle" },
    { part: "total", title: t("with all others"), shift: SHIFT_PX, colour: palette[1]!, symbol: "diamond" },
  ];
  const value = (row: Row, column: string): number => number(row[column]) ?? NaN;
  chart(
    root,
    {
      legend: { bottom: 0, data: parts.map(({ title }) => title) },
      grid: { left: names.left, right: 24, top: 8, bottom: 74 },
      xAxis: { type: "value", min: 0, max: Math.max(1, ...rows.map((row) => Math.ceil(10 * value(row, "total_high")) / 10)), name: t("share of the spread of ranks"), nameLocation: "middle", nameGap: 26 },
      yAxis: names.axis,
      series: parts.flatMap(({ part, title, shift, colour, symbol }) => [
        intervals(title, rows.map((row, i) => [value(row, `${part}_low`), value(row, `${part}_high`), i]), { colour, width: 1.5, ends: true, z: 3, shift }),
        { type: "scatter", name: title, z: 5, symbol, symbolSize: 11, symbolOffset: [0, shift], itemStyle: { color: colour }, data: rows.map((row, i) => [value(row, part), i]) },
      ]),
    },
    {
      title: t("What moves the ranks of the index"),
      data: rows,
      height: 100 + rows.length * Math.max(names.row, 44),
      description: clauses(rows.map((row) => colon(cap(word(row.factor)), listed(parts.map(({ part, title }) => `${title} ${num(value(row, part), 2)}`))))),
    },
  );
}
