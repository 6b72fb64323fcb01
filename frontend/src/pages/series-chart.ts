/** All observations of a series: who says what, how sure, and which value is used. */

import { chart, tooltipBox } from "../core/chart";
import type { Row } from "../core/document";
import { h } from "../core/dom";
import { nameAxis, timeAxis } from "../core/drawing";
import type { Context } from "../core/pages";
import { bracketed } from "../core/phrases";
import { chainText } from "../core/routes";
import { rowDialog } from "../core/sources";
import { large, t } from "../core/texts";
import { palette } from "../core/theme";
import { unit, word } from "../core/words";
import { acrossOf, groupName, groupsOf, type Point, pointsOf, valuedRows } from "./series-points";
import { bars, dots, lines, ranges, SIGNS } from "./series-shapes";
import { numberText, withUnit } from "./reasons";
import { periodText } from "./periods";

const SIDE_STEP_PX = 13;
/** Width that a year needs on the axis; the rest is reached by the bar below the chart. */
const YEAR_PX = 12;
const HEIGHT_PX = 380;
/** Parts of a series are rows; what is more than these is reached by the bar beside the chart. */
const MOST_ROWS = 20;
const PART_NAME_PX = 230;
/** Room for the mark of a year, which stands over the beginning of its year. */
const MARK_PX = 60;
const AXES_PX = 80;
const YEAR_MS = 365.25 * 86_400_000;
/** Fewer years than this would put months on the axis, where a year's value has no place. */
const FEWEST_YEARS = 3;

export function seriesChart(parent: HTMLElement, ctx: Context, name: string, of: string, rows: Row[]): void {
  const valued = valuedRows(rows);
  if (!valued.length) {
    parent.append(h("p", {}, t("Looked for, no value found.")));
    return;
  }
  // One value needs no drawing: the table below says it.
  if (valued.length === 1) return;
  const partName = (part: string): string => chainText(ctx.doc, part);
  const across = acrossOf(valued, partName);
  const groups = groupsOf(valued, across);
  const points = pointsOf(valued, across, groups);
  const layout = across.stops ? partLayout(parent, across.stops.map(partName)) : yearLayout(parent, points);
  const drawn = chart(parent, option(layout, points, groups, of), {
    title: of && of !== "1" ? bracketed(name, unit(of)) : name,
    data: rows,
    height: layout.height,
    description: t("Observations by period; the same values are in the table below."),
  });
  drawn.on("click", (p) => {
    const { point } = (p.data ?? {}) as { point?: Point };
    if (point) rowDialog(ctx, "input_observations", String(point.row.id));
  });
  parent.append(key(valued, points));
}

/** What the signs of the drawing mean, as far as they occur in it. */
function key(rows: Row[], points: Point[]): HTMLElement {
  const meanings = [...new Set(rows.map((row) => String(row.status)))].map(
    (status): [string, string] => [SIGNS[status] ?? "●", word(status)],
  );
  if (points.some((point) => point.span)) meanings.push(["├•┤", t("another time than one year, as long as the bar")]);
  if (rows.some((row) => row.used === false)) meanings.push(["○", t("hollow: kept, not used")]);
  if (lines(points, "", "").joins) meanings.push(["—", t("joins years that follow each other")]);
  const list = h("ul", { class: "signs" });
  for (const [sign, meaning] of meanings) list.append(h("li", {}, h("span", { "aria-hidden": "true" }, sign), ` ${meaning}`));
  list.append(h("li", { class: "hint" }, t("Click a point for its row and sources.")));
  return list;
}

/** How the chart of a series is laid out: years from left to right, or parts of the series below each other. */
interface Layout {
  axes: object;
  height: number;
  /** Steps between observations at one place of the axis shrink to stay inside this. */
  room: number;
  rows: boolean;
}

function option(layout: Layout, points: Point[], groups: string[], of: string): Record<string, unknown> {
  const { axes, room, rows } = layout;
  const most = Math.max(...points.map((p) => 2 * Math.abs(p.side) + 1));
  const step = Math.min(SIDE_STEP_PX, room / most);
  return {
    useUTC: true,
    legend: { type: "scroll", top: 0, left: 0, data: groups.map((group) => ({ name: groupName(group), icon: "circle" })) },
    tooltip: { trigger: "item", formatter: (p: { data: { point: Point } }) => pointBox(p.data.point, of) },
    ...axes,
    series: groups.flatMap((group, i) => {
      const own = points.filter((p) => p.group === group);
      const colour = palette[i % palette.length]!;
      const name = groupName(group);
      return [lines(own, name, colour).series, bars(own, name, colour), ranges(own, name, colour, step, rows), dots(own, name, colour, step, rows)];
    }),
  };
}

const SLIDER = { type: "slider", showDetail: false };

function valueAxis(): object {
  return { type: "value", scale: true, axisLabel: { formatter: (value: number) => short(value), hideOverlap: true } };
}

/** Years to scale, so that a gap of ten years looks like one. */
function yearLayout(parent: HTMLElement, points: Point[]): Layout {
  const width = Math.max(200, parent.clientWidth - AXES_PX);
  const year = (ms: number): number => new Date(ms).getUTCFullYear();
  let first = year(Math.min(...points.map((p) => p.span?.start ?? p.at)));
  let last = year(Math.max(...points.map((p) => p.span?.end ?? p.at))) + 1;
  if (last - first < FEWEST_YEARS) [first, last] = [first - 1, last + 1];
  const atOnce = Math.floor(width / YEAR_PX);
  const many = last - first > atOnce;
  const xAxis = {
    ...timeAxis({ align: "left", padding: [0, 0, 0, 3] }),
    splitNumber: Math.max(2, Math.floor(width / MARK_PX)),
    min: Date.UTC(first, 0, 1),
    max: Date.UTC(last, 0, 1),
    minInterval: YEAR_MS,
    splitLine: { show: true },
  };
  const zoom = { ...SLIDER, filterMode: "none", height: 20, bottom: 8, startValue: Date.UTC(last - atOnce, 0, 1) };
  return {
    axes: {
      grid: { left: 8, right: 28, top: 40, bottom: many ? 50 : 8, containLabel: true },
      xAxis,
      yAxis: valueAxis(),
      dataZoom: many ? [zoom] : [],
    },
    height: HEIGHT_PX,
    room: (0.8 * width) / Math.min(atOnce, last - first),
    rows: false,
  };
}

/** Parts of the series below each other, at one time: their names are read from left to right. */
function partLayout(parent: HTMLElement, stops: string[]): Layout {
  const names = nameAxis(parent, stops, PART_NAME_PX);
  const atOnce = Math.min(MOST_ROWS, stops.length);
  const many = stops.length > atOnce;
  const zoom = { ...SLIDER, orient: "vertical", yAxisIndex: 0, width: 20, right: 8, startValue: 0, endValue: atOnce - 1, brushSelect: false };
  return {
    axes: {
      grid: { left: names.left, right: many ? 48 : 24, top: 40, bottom: 30 },
      xAxis: valueAxis(),
      yAxis: { ...names.axis, splitLine: { show: true } },
      dataZoom: many ? [zoom] : [],
    },
    height: 70 + atOnce * names.row,
    room: names.row,
    rows: true,
  };
}

/** Large numbers in the short form of the language: 5 billion, 5 млрд, 5 mlrd, 50亿. */
function short(value: number): string {
  return Math.abs(value) < 1e4 ? numberText(value) : large(value);
}

function pointBox(point: Point, of: string): HTMLElement {
  const { row } = point;
  const facts: [string, string][] = [];
  const add = (name: string, value: unknown): void => {
    if (value !== null && value !== undefined && value !== "") facts.push([name, String(value)]);
  };
  if (typeof row.value === "number") add(t("value"), withUnit(numberText(row.value), of));
  add(t("as printed"), row.printed);
  add(t("coverage"), row.coverage);
  add(t("who counts"), row.side);
  add(t("status"), word(row.status));
  add(t("confidence"), word(row.confidence));
  add(t("used"), row.used === false ? t("no") : t("yes"));
  return tooltipBox(periodText(String(row.period ?? "")), facts);
}
