/** The five pillars of a pair as a radar; what has no score is a gap, never the centre. */

import { chart, tooltipBox } from "../core/chart";
import { number, type Row } from "../core/document";
import { legendRows, wrapped } from "../core/drawing";
import { bracketed, clauses, colon, listed } from "../core/phrases";
import { num, t } from "../core/texts";
import { colours, FONT, palette } from "../core/theme";
import type { Board } from "./pillar-board";
import { coverageText, rangeText } from "./pillar-words";

const RINGS = [20, 40, 60, 80, 100];
const HEIGHT_PX = 360;
const LINE_PX = 15;
const LABEL_LINES = 4;
const TOP_PX = 44;
const LEGEND_ROW_PX = 24;

type Point = [number, number];

/** Where values stand on the axes of a radar. */
interface Frame {
  centre: Point;
  radius: number;
  width: number;
  axes: number;
}

interface Api {
  getWidth(): number;
  getHeight(): number;
}

/** Draw the pillars of `units`, the first with its intervals; the others lie over it as lines. */
export function radar(parent: HTMLElement, board: Board, units: string[]): void {
  const names = units.map((unit) => board.unitName(unit));
  const legend = units.length > 1 ? LEGEND_ROW_PX * legendRows(names, parent.clientWidth - 40) : 0;
  const rows = units.flatMap((unit) => board.pillars.map((pillar) => board.score(unit, pillar.id)).filter((row): row is Row => row !== undefined));
  const frame = (api: Api): Frame => frameOf(api, legend, board.pillars.length);
  chart(
    parent,
    {
      ...(legend > 0 ? { legend: { bottom: 0, data: names } } : {}),
      tooltip: { trigger: "item" },
      series: [gridSeries(board, units[0]!, frame), ...units.map((unit, i) => pairSeries(board, unit, i, frame))],
    },
    {
      title: colon(t("Pillars, 0 to 100"), listed(names)),
      data: rows.map((row) => ({ pair: board.unitName(String(row.unit_id)), pillar: board.elementName(row.element_id), ...row })),
      height: HEIGHT_PX + legend,
      description: clauses(units.map((unit) => colon(board.unitName(unit), listed(board.pillars.map((pillar) => `${pillar.name} ${scoreText(board.score(unit, pillar.id))}`))))),
    },
  );
}

function scoreText(row: Row | undefined): string {
  return number(row?.score) === null ? t("no score") : num(number(row?.score));
}

function frameOf(api: Api, legend: number, axes: number): Frame {
  const [width, height] = [api.getWidth(), api.getHeight() - legend];
  // Above the first axis stand two lines; the lowest axes end at four fifths of the radius.
  const radius = Math.max(40, Math.min((height - TOP_PX - LABEL_LINES * LINE_PX) / 1.81, width * 0.34));
  return { centre: [width / 2, TOP_PX + radius], radius, width, axes };
}

/** Return the point of a value on an axis; the first axis points up. */
function place(frame: Frame, axis: number, value: number): Point {
  const angle = (2 * Math.PI * axis) / frame.axes - Math.PI / 2;
  const length = (frame.radius * value) / 100;
  return [frame.centre[0] + length * Math.cos(angle), frame.centre[1] + length * Math.sin(angle)];
}

const line = ([x1, y1]: Point, [x2, y2]: Point, style: object): object => ({ type: "line", shape: { x1, y1, x2, y2 }, style, silent: true });

/** Rings, axes, and the name of each pillar with its score. */
function gridSeries(board: Board, unit: string, frame: (api: Api) => Frame): object {
  return {
    type: "custom",
    coordinateSystem: "none",
    silent: true,
    data: [0],
    tooltip: { show: false },
    renderItem: (_: unknown, api: Api) => {
      const f = frame(api);
      const { line: grid, muted } = colours();
      const rings = RINGS.map((value) => ({
        type: "polygon",
        shape: { points: board.pillars.map((_pillar, axis) => place(f, axis, value)) },
        style: { fill: "none", stroke: grid, lineWidth: 1 },
      }));
      const axes = board.pillars.map((pillar, axis) => {
        const known = number(board.score(unit, pillar.id)?.score) !== null;
        return line(f.centre, place(f, axis, 100), { stroke: known ? grid : muted, lineWidth: 1, lineDash: known ? null : [2, 4] });
      });
      const marks = [50, 100].map((value) => ({ type: "text", style: { text: num(value), x: f.centre[0] + 4, y: place(f, 0, value)[1] + 7, fill: muted, font: `10px ${FONT}`, verticalAlign: "middle" } }));
      return { type: "group", children: [...rings, ...axes, ...marks, ...board.pillars.map((pillar, axis) => label(f, axis, pillar.name, board.score(unit, pillar.id)))] };
    },
  };
}

/** The name of a pillar at the end of its axis; those at the sides stand above their end, where there is room. */
function label(frame: Frame, axis: number, name: string, row: Row | undefined): object {
  const [x, y] = place(frame, axis, 100);
  const [dx, dy] = [x - frame.centre[0], y - frame.centre[1]];
  const middle = Math.abs(dx) < 1;
  const side = dx > 0 ? 1 : -1;
  const low = dy > frame.radius / 2;
  const score = number(row?.score) === null ? bracketed(t("no score"), coverageText(row)) : bracketed(num(number(row?.score)), rangeText(row, "score"));
  const edge = frame.centre[0] + side * (frame.width / 2 - 4);
  const wide = middle ? frame.width * 0.6 : low ? frame.width / 2 - 8 : frame.width / 2 - Math.abs(dx) * 0.5;
  const base = middle || low ? { x: low ? frame.centre[0] + side * Math.max(Math.abs(dx), frame.width / 4) : x, align: "center" } : { x: edge, align: side > 0 ? "right" : "left" };
  const own = low ? { y: y + 8, verticalAlign: "top" } : { y: y - (middle ? 6 : 12), verticalAlign: "bottom" };
  const text = `${wrapped(name, wide)}\n${score}`;
  return { type: "text", style: { ...base, ...own, text, fill: colours().text, font: `12px ${FONT}`, lineHeight: LINE_PX } };
}

/** A pair: a dot a pillar, joined where two neighbours have a score; the first pair has its intervals on the axes. */
function pairSeries(board: Board, unit: string, order: number, frame: (api: Api) => Frame): object {
  const scores = board.pillars.map((pillar) => number(board.score(unit, pillar.id)?.score));
  const colour = palette[order % palette.length]!;
  return {
    type: "custom",
    coordinateSystem: "none",
    name: board.unitName(unit),
    itemStyle: { color: colour },
    z: 4 + (order === 0 ? 5 : order),
    data: scores.map((_, axis) => axis),
    tooltip: { formatter: (p: { dataIndex: number }) => tip(board, unit, p.dataIndex) },
    renderItem: (params: { dataIndex: number }, api: Api) => {
      const f = frame(api);
      const axis = params.dataIndex;
      const value = scores[axis] ?? null;
      const next = (axis + 1) % f.axes;
      const children: object[] = [];
      if (axis === 0 && order === 0 && scores.every((score) => score !== null)) children.push(area(f, scores as number[], colour));
      if (value === null) return { type: "group", children };
      const after = scores[next] ?? null;
      if (after !== null) children.push(line(place(f, axis, value), place(f, next, after), { stroke: colour, lineWidth: order === 0 ? 2.5 : 1.5 }));
      if (order === 0) children.push(spread(f, axis, board.score(unit, board.pillars[axis]!.id), colour));
      const [cx, cy] = place(f, axis, value);
      children.push({ type: "circle", shape: { cx, cy, r: order === 0 ? 5 : 4 }, style: { fill: colour, stroke: colours().surface, lineWidth: 1 } });
      return { type: "group", children };
    },
  };
}

function area(frame: Frame, scores: number[], colour: string): object {
  return { type: "polygon", silent: true, shape: { points: scores.map((score, axis) => place(frame, axis, score)) }, style: { fill: colour, opacity: 0.12 } };
}

function spread(frame: Frame, axis: number, row: Row | undefined, colour: string): object {
  const ends = [number(row?.score_low), number(row?.score_high)];
  if (ends[0] === null || ends[1] === null) return { type: "group", children: [] };
  return line(place(frame, axis, ends[0]!), place(frame, axis, ends[1]!), { stroke: colour, lineWidth: 7, opacity: 0.3 });
}

function tip(board: Board, unit: string, axis: number): HTMLElement {
  const pillar = board.pillars[axis]!;
  const row = board.score(unit, pillar.id);
  return tooltipBox(listed([board.unitName(unit), pillar.name]), [
    [t("score"), bracketed(num(number(row?.score), 1), rangeText(row, "score"))],
    [t("indicators with data"), coverageText(row)],
  ]);
}
