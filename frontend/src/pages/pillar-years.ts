/** Scores of earlier years on the scales of today, and which indicator changed them. */

import { chart, tooltipBox } from "../core/chart";
import { number, type Row } from "../core/document";
import { h } from "../core/dom";
import { folded } from "../core/folding";
import { legendRows, timeAxis } from "../core/drawing";
import type { Context } from "../core/pages";
import { bracketed, clauses, colon, sentences } from "../core/phrases";
import { PRINT_WIDTH } from "../core/printing";
import { dataTable } from "../core/table";
import { num, t } from "../core/texts";
import { colours, palette } from "../core/theme";
import type { Board, Element } from "./pillar-board";
import { indicatorsText, rangeText, signed } from "./pillar-words";

const HEIGHT_PX = 300;
const LEGEND_ROW_PX = 24;
const MOST_PARTS = 3;
/** Signs and their turns, so that colour does not tell the lines apart alone. */
const SYMBOLS: [string, number][] = [["circle", 0], ["diamond", 0], ["triangle", 0], ["rect", 0], ["triangle", 180], ["circle", 0]];

/** Draw the pillars of a pair over the years; a year without a score is a gap. */
export function years(root: HTMLElement, ctx: Context, board: Board, unit: string): void {
  const rows = ctx.doc.table("score_years").filter((row) => row.unit_id === unit && number(row.score) !== null);
  root.append(h("h2", {}, t("Earlier years")));
  if (rows.length === 0) {
    root.append(h("p", {}, t("No pillar of this pair has a score in any year.")));
    return;
  }
  root.append(
    h("p", {}, sentences([t("On the scales of today. What a run computes (days, waits, prices, emissions) is known for its year only and is left out here in all years, so the facilities of the last year are not those above."), t("A hollow point rests on carried values by more than half; a gap has no score.")])),
  );
  lines(root, board, unit, rows);
  root.append(folded([t("What changed the scores, year by year")], (body) => changes(body, ctx, board, unit, rows), { attrs: { class: "fold" } }));
}

function lines(root: HTMLElement, board: Board, unit: string, rows: Row[]): void {
  const elements = [...board.pillars, ...(board.index ? [board.index] : [])].filter((one) => rows.some((row) => row.element_id === one.id));
  const all = rows.map((row) => Number(row.year));
  const [first, last] = [Math.min(...all), Math.max(...all)];
  const span = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const names = elements.map((one) => one.name);
  const legend = LEGEND_ROW_PX * legendRows(names, Math.min(PRINT_WIDTH, root.clientWidth) - 40);
  const byYear = new Map(rows.map((row) => [`${row.element_id} ${row.year}`, row]));
  const series = elements.map((one, i) => {
    const colour = one.level === "index" ? colours().text : palette[i % palette.length]!;
    return {
      type: "line",
      name: one.name,
      symbol: SYMBOLS[i % SYMBOLS.length]![0],
      symbolRotate: SYMBOLS[i % SYMBOLS.length]![1],
      symbolSize: 8,
      showAllSymbol: true,
      lineStyle: { color: colour, width: one.level === "index" ? 3 : 2 },
      itemStyle: { color: colour },
      data: span.map((year) => {
        const row = byYear.get(`${one.id} ${year}`);
        const hollow = row !== undefined && 2 * (number(row.observed) ?? 0) < (number(row.known) ?? 0);
        return { value: [Date.UTC(year, 0, 1), number(row?.score)], row, itemStyle: hollow ? { color: colours().surface, borderColor: colour, borderWidth: 2 } : {} };
      }),
    };
  });
  chart(
    root,
    {
      legend: { bottom: 0, data: names },
      grid: { left: 44, right: 24, top: 12, bottom: 30 + legend },
      xAxis: timeAxis(),
      yAxis: { type: "value", min: 0, max: 100, interval: 20 },
      tooltip: { trigger: "item", formatter: (p: { data: { row?: Row } }) => tip(board, p.data.row) },
      series,
    },
    {
      title: colon(t("Scores over the years"), board.unitName(unit)),
      data: rows.map((row) => ({ name: board.elementName(row.element_id), ...row })),
      height: HEIGHT_PX + legend,
      description: clauses(elements.map((one) => colon(one.name, changeWords(rows.filter((row) => row.element_id === one.id))))),
    },
  );
}

/** First and last score of an element. */
function changeWords(rows: Row[]): string {
  const sorted = [...rows].sort((a, b) => Number(a.year) - Number(b.year));
  const [first, last] = [sorted[0]!, sorted[sorted.length - 1]!];
  return t("{first} in {from}, {last} in {to}", { first: num(number(first.score)), from: String(first.year), last: num(number(last.score)), to: String(last.year) });
}

function tip(board: Board, row: Row | undefined): HTMLElement {
  if (!row) return h("div", {}, t("no score"));
  return tooltipBox(colon(board.elementName(row.element_id), String(row.year)), [
    [t("score"), bracketed(num(number(row.score), 1), rangeText(row, "score"))],
    [t("indicators with data"), indicatorsText(row)],
    [t("observed in the year"), num(number(row.observed))],
  ]);
}

/** One line a year and element: its score, and what moved it from the year before. */
function changes(root: HTMLElement, ctx: Context, board: Board, unit: string, rows: Row[]): void {
  const parts = new Map<string, Row[]>();
  for (const row of ctx.doc.table("score_changes")) {
    if (row.unit_id !== unit) continue;
    const place = `${row.element_id} ${row.year}`;
    parts.set(place, [...(parts.get(place) ?? []), row]);
  }
  const size = (row: Row): number => Math.abs(number(row.contribution) ?? 0);
  for (const list of parts.values()) list.sort((a, b) => size(b) - size(a));
  const score = new Map(rows.map((row) => [`${row.element_id} ${row.year}`, number(row.score)]));
  const lines = rows.map((row) => {
    const own = parts.get(`${row.element_id} ${row.year}`) ?? [];
    const before = score.get(`${row.element_id} ${Number(row.year) - 1}`);
    return {
      ...row,
      pillar: board.elementName(row.element_id),
      interval: rangeText(row, "score"),
      coverage: indicatorsText(row),
      change: before === undefined || before === null ? null : (number(row.score) ?? 0) - before,
      by: clauses(own.slice(0, MOST_PARTS).map((part) => partText(board, part))),
    } as Row;
  });
  lines.sort((a, b) => Number(b.year) - Number(a.year) || order(board, a) - order(board, b));
  root.append(h("p", {}, t("Contributions of indicators add up to the change. Data that came or went change the weights of what stands beside them; that part is named as such.")));
  dataTable(
    root,
    ctx,
    lines,
    [
      { key: "year", title: t("year"), kind: "number", text: (row) => String(row.year) },
      { key: "pillar", title: t("pillar") },
      { key: "score", title: t("score"), kind: "number", digits: 1 },
      { key: "interval", title: t("interval"), fold: 3 },
      { key: "coverage", title: t("indicators with data"), fold: 2 },
      { key: "change", title: t("change from the year before"), kind: "number", text: (row) => signed(number(row.change), 1) },
      { key: "by", title: t("by which indicators"), fold: 1 },
    ],
    {
      caption: colon(t("Scores and their changes"), board.unitName(unit)),
      file: "karvan-pillar-years",
      pageSize: 15,
      choices: ["pillar"],
      saved: ["element_id", "observed", "score_low", "score_high"],
      detail: (row) => allParts(board, parts.get(`${row.element_id} ${row.year}`) ?? []),
    },
  );
}

function order(board: Board, row: Row): number {
  return board.pillars.findIndex((pillar: Element) => pillar.id === row.element_id);
}

function partText(board: Board, part: Row): string {
  const name = board.elementName(part.part_id);
  const said = part.kind === "coverage" ? bracketed(name, t("data came or went")) : name;
  return `${said} ${signed(number(part.contribution) ?? 0, 1)}`;
}

function allParts(board: Board, parts: Row[]): Node[] {
  return parts.length === 0 ? [] : [h("ul", { class: "score-parts" }, ...parts.map((part) => h("li", {}, partText(board, part))))];
}
