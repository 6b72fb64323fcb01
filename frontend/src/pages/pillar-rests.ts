/** What the scores rest on: how the pillars go together, and which choice moves the ranks. */

import { chart } from "../core/chart";
import { number, type Row } from "../core/document";
import { h, select } from "../core/dom";
import { folded } from "../core/folding";
import { intervals, nameAxis } from "../core/drawing";
import { kept } from "../core/kept";
import type { Context } from "../core/pages";
import { clauses, colon, listed } from "../core/phrases";
import { scrolling } from "../core/scrolling";
import { dataTable } from "../core/table";
import { num, t } from "../core/texts";
import { palette } from "../core/theme";
import { cap, word } from "../core/words";
import type { Board } from "./pillar-board";
import { signed } from "./pillar-words";

/** Draw the correlations of the pillars as a matrix: of the year to the right, over all years to the left. */
export function correlations(root: HTMLElement, ctx: Context, board: Board): void {
  const rows = ctx.doc.table("score_correlations");
  if (rows.length === 0) return;
  const found = (a: string, b: string): Row | undefined => rows.find((row) => (row.element_id === a && row.other_element_id === b) || (row.element_id === b && row.other_element_id === a));
  const caption = t("Correlations of the pillars: in {year} above the diagonal, over all years below it", { year: String(board.summary?.year ?? "") });
  const head = h("tr", {}, h("td", { class: "self" }), ...board.pillars.map((one) => h("th", { scope: "col" }, one.name)));
  const lines = board.pillars.map((one, i) =>
    h("tr", {}, h("th", { scope: "row" }, one.name), ...board.pillars.map((other, j) => (i === j ? h("td", { class: "self" }) : correlationCell(found(one.id, other.id), j > i)))),
  );
  const matrix = scrolling(caption, h("table", { class: "heat correlations" }, h("caption", { class: "hidden" }, caption), h("thead", {}, head), h("tbody", {}, ...lines)));
  matrix.prepend(h("div", { class: "table-head" }, h("div", { class: "table-title", "aria-hidden": "true" }, caption)));
  root.append(
    h("p", {}, t("Where pillars go together, equal weights count one thing twice: if two pillars were the same, a fifth of the weight each would make two fifths for it. A gain there is rewarded twice, and ranks look surer than they are. Over so few pairs a correlation is a hint.")),
    matrix,
  );
}

function correlationCell(row: Row | undefined, ofYear: boolean): HTMLElement {
  const r = number(ofYear ? row?.correlation : row?.pair_years_correlation);
  const count = num(number(ofYear ? row?.units : row?.pair_years));
  const basis = h("span", { class: "heat-coverage" }, ofYear ? t("{count} pairs", { count }) : t("{count} pair-years", { count }));
  if (r === null) return h("td", { class: "hole" }, basis);
  const cell = h("td", { class: r < 0 ? "against" : null }, signed(r, 2), basis);
  cell.style.setProperty("--part", `${42 * Math.abs(r)}%`);
  return cell;
}

/** All pairs together, and not the rank of one. */
const ALL = "*";
const SHIFT_PX = 7;
/** An index is a share; what an interval holds beyond this is cut off in the drawing and stands in the table. */
const MOST_SHOWN = 1.2;
const WIDE = 0.2;

/** Draw the Sobol' indices of all ranks of the index, or of the rank of the pair in what the reader chooses. */
export function sensitivity(root: HTMLElement, ctx: Context, board: Board, unit: string): void {
  const all = ctx.doc.table("score_sensitivity");
  const own = ctx.doc.table("score_unit_sensitivity").filter((row) => row.unit_id === unit);
  const elements = [...new Set(own.map((row) => String(row.element_id)))];
  if (all.length + own.length === 0) {
    root.append(h("p", {}, t("Fewer than two pairs have all pillars, so nothing can be said about what moves the ranks of the index.")));
    return;
  }
  const state = kept("pillars sensitivity", () => ({ of: ALL }));
  const options = [
    ...(all.length > 0 ? [{ value: ALL, text: t("all pairs, index") }] : []),
    ...elements.map((id) => ({ value: id, text: listed([board.unitName(unit), board.elementName(id)]) })),
  ];
  const now = (): string => (options.some(({ value }) => value === state.of) ? state.of : options[0]!.value);
  const place = h("div", {});
  const draw = (): void => {
    place.replaceChildren();
    const rows = now() === ALL ? all : own.filter((row) => row.element_id === now());
    sensitivityOf(place, ctx, rows, options.find(({ value }) => value === now())!.text);
  };
  const choice = select(t("Ranks of"), options, now(), (value) => {
    state.of = value;
    draw();
  });
  root.append(
    h("p", {}, t("Shares of the spread of ranks that a choice explains: alone, and together with all others. Between the two lies what only shows when choices meet.")),
    h("div", { class: "controls" }, choice),
    place,
  );
  draw();
}

function sensitivityOf(root: HTMLElement, ctx: Context, rows: Row[], of: string): void {
  if (!rows.some((row) => number(row.first) !== null)) {
    root.append(h("p", {}, t("No choice moves this rank.")));
    return;
  }
  sensitivityChart(root, rows, of);
  const wide = rows.filter((row) => (["first", "total"] as const).some((part) => (number(row[`${part}_high`]) ?? 0) - (number(row[`${part}_low`]) ?? 0) > WIDE));
  if (wide.length > 0) root.append(h("p", { class: "notice" }, t("Intervals wider than {width}, read as hints: {choices}", { width: num(WIDE, 1), choices: listed(wide.map((row) => word(row.factor))) })));
  root.append(folded([t("Sobol' indices as a table")], (body) => sensitivityTable(body, ctx, rows, of), { attrs: { class: "fold" } }));
}

function sensitivityTable(root: HTMLElement, ctx: Context, rows: Row[], of: string): void {
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
    { caption: colon(t("What moves the ranks: Sobol' indices"), of), file: "karvan-pillar-sensitivity", saved: ["element_id", "first_high", "total_high"] },
  );
}

function sensitivityChart(root: HTMLElement, rows: Row[], of: string): void {
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
      xAxis: { type: "value", min: 0, max: MOST_SHOWN, name: t("share of the spread of ranks"), nameLocation: "middle", nameGap: 26 },
      yAxis: names.axis,
      series: parts.flatMap(({ part, title, shift, colour, symbol }) => [
        intervals(title, rows.map((row, i) => [value(row, `${part}_low`), value(row, `${part}_high`), i]), { colour, width: 1.5, ends: true, z: 3, shift, clip: true }),
        { type: "scatter", name: title, z: 5, symbol, symbolSize: 11, symbolOffset: [0, shift], itemStyle: { color: colour }, data: rows.map((row, i) => [value(row, part), i]) },
      ]),
    },
    {
      title: colon(t("What moves the ranks"), of),
      data: rows,
      height: 100 + rows.length * Math.max(names.row, 44),
      description: clauses(rows.map((row) => colon(cap(word(row.factor)), listed(parts.map(({ part, title }) => `${title} ${num(value(row, part), 2)}`))))),
    },
  );
}
