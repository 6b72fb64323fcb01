/** Scores of a pair and ranks of all pairs, each with its interval and its coverage. */

import { chart, tooltipBox } from "../core/chart";
import { number, type Row } from "../core/document";
import { h } from "../core/dom";
import { intervals, nameAxis, type Pen } from "../core/drawing";
import { bracketed, clauses, colon, listed } from "../core/phrases";
import { num, t } from "../core/texts";
import { colours, palette } from "../core/theme";
import type { Board } from "./pillar-board";
import { coverageText, indicatorsText, rangeText, rankText, reasonText } from "./pillar-words";

const HEIGHT_PX = 66;
const BAR_PX = 12;
/** Room for the second line of the first name, where names stand above their bars. */
const ABOVE_PX = 12;
const MOST_LISTED = 4;

/** Draw index and pillars of a pair as bars with intervals; what has no score is an empty row that says why. */
export function scoreBars(parent: HTMLElement, board: Board, unit: string): void {
  const elements = [...(board.index ? [board.index] : []), ...board.pillars];
  const rows = elements.map((one) => board.score(unit, one.id)).filter((row): row is Row => row !== undefined);
  const name = (row: Row): string => {
    const known = number(row.score) === null ? t("no score") : num(number(row.score));
    return bracketed(`${board.elementName(row.element_id)} ${known}`, indicatorsText(row));
  };
  const names = nameAxis(parent, rows.map(name), 210);
  const there = rows.flatMap((row, i) => (number(row.score) === null ? [] : [{ row, i }]));
  chart(
    parent,
    {
      grid: { left: names.left, right: 24, top: names.narrow ? 8 + ABOVE_PX : 8, bottom: 44 },
      xAxis: { type: "value", min: 0, max: 100, interval: 20, name: t("score"), nameLocation: "middle", nameGap: 28 },
      yAxis: names.axis,
      tooltip: { trigger: "item", formatter: (p: { dataIndex: number }) => tip(board, there[p.dataIndex]!.row, "element") },
      series: [
        {
          type: "bar",
          barWidth: BAR_PX,
          z: 2,
          data: there.map(({ row, i }) => ({ value: [number(row.score) ?? 0, i], itemStyle: { color: palette[0], opacity: row.level === "index" ? 0.8 : 0.45 } })),
        },
        intervals(t("interval"), there.map(({ row, i }) => [number(row.score_low) ?? NaN, number(row.score_high) ?? NaN, i]), { colour: colours().text, width: 1.5, ends: true, z: 5 }),
      ],
    },
    {
      title: colon(t("Scores"), board.unitName(unit)),
      data: rows.map((row) => ({ name: board.elementName(row.element_id), ...row })),
      height: HEIGHT_PX + (names.narrow ? ABOVE_PX : 0) + rows.length * Math.max(names.row, 46),
      description: clauses(rows.map((row) => (number(row.score) === null ? name(row) : colon(name(row), rangeText(row, "score"))))),
    },
  );
  missing(parent, board, rows, (row) => board.elementName(row.element_id));
}

/** Draw the ranks of all pairs in a pillar or the index; bars beside them join pairs that are tied. */
export function rankChart(parent: HTMLElement, board: Board, element: string): void {
  const rows = board.ranked(element);
  if (rows.length > 0) rankDots(parent, board, element, rows);
  const without = board.units.map((unit) => board.score(unit, element)).filter((row): row is Row => row !== undefined && number(row.rank) === null);
  missing(parent, board, without, (row) => board.unitName(String(row.unit_id)));
}

const GROUP_PX = 9;

function rankDots(parent: HTMLElement, board: Board, element: string, rows: Row[]): void {
  const name = (row: Row): string => bracketed(board.unitName(String(row.unit_id)), listed([num(number(row.rank)), indicatorsText(row)]));
  const names = nameAxis(parent, rows.map(name), 300);
  const groups = board.tiedGroups(element).map((group) => group.map((unit) => rows.findIndex((row) => row.unit_id === unit)));
  const dots = rows.map((row, i) => [number(row.rank) ?? NaN, i]);
  chart(
    parent,
    {
      grid: { left: names.left, right: 24 + GROUP_PX * groups.length, top: 8, bottom: 44 },
      xAxis: { type: "value", min: 1, max: rows.length, interval: 1, inverse: true, name: t("rank"), nameLocation: "middle", nameGap: 28 },
      yAxis: names.axis,
      tooltip: { trigger: "item", formatter: (p: { dataIndex: number }) => tip(board, rows[p.dataIndex]!, "unit") },
      series: [
        intervals(t("interval"), rows.map((row, i) => [number(row.rank_low) ?? NaN, number(row.rank_high) ?? NaN, i]), { colour: palette[0]!, width: 1.5, ends: true, z: 3 }),
        { type: "scatter", name: t("rank"), z: 5, symbolSize: 11, itemStyle: { color: palette[0] }, data: dots },
        tieSeries(groups),
      ],
    },
    {
      title: colon(t("Ranks"), board.elementName(element)),
      data: rows.map((row) => ({ name: board.unitName(String(row.unit_id)), ...row })),
      height: HEIGHT_PX + rows.length * names.row,
      description: clauses(rows.map((row) => colon(name(row), rangeText(row, "rank")))),
    },
  );
}

/** Vertical bars in the right margin, one a group of tied pairs. */
function tieSeries(groups: number[][]): object {
  return {
    type: "custom",
    name: t("statistically tied"),
    silent: true,
    clip: false,
    z: 4,
    data: groups.map((rows, i) => [Math.min(...rows), Math.max(...rows), i]),
    encode: { y: [0, 1] },
    renderItem: (params: { coordSys: { x: number; width: number } }, api: Pen) => {
      const x = params.coordSys.x + params.coordSys.width + 14 + GROUP_PX * api.value(2);
      const y1 = (api.coord([1, api.value(0)])[1] ?? 0) - 8;
      const y2 = (api.coord([1, api.value(1)])[1] ?? 0) + 8;
      return { type: "line", shape: { x1: x, y1, x2: x, y2 }, style: { stroke: palette[1], lineWidth: 4, lineCap: "round" } };
    },
  };
}

function tip(board: Board, row: Row, by: "element" | "unit"): HTMLElement {
  const title = by === "unit" ? board.unitName(String(row.unit_id)) : board.elementName(row.element_id);
  const lines: [string, string][] = [[t("score"), bracketed(num(number(row.score), 1), rangeText(row, "score"))]];
  if (number(row.rank) !== null) lines.push([t("rank"), rankText(row)]);
  return tooltipBox(title, [...lines, [t("indicators with data"), coverageText(row)]]);
}

/** List what has no score, with the reason; many fold away. */
export function missing(parent: HTMLElement, board: Board, rows: Row[], name: (row: Row) => string): void {
  const without = rows.filter((row) => number(row.score) === null);
  if (without.length === 0) return;
  const list = h("ul", { class: "no-scores" }, ...without.map((row) => h("li", {}, colon(name(row), reasonText(board, row)))));
  if (without.length <= MOST_LISTED) parent.append(h("p", { class: "no-scores-title" }, t("No score:")), list);
  else parent.append(h("details", {}, h("summary", {}, t("No score, and why: {count}", { count: num(without.length) })), list));
}
