/** All observations of a series: who says what, how sure, and which value is used. */

import { chart, tooltipBox } from "../core/chart";
import type { Row } from "../core/document";
import { h } from "../core/dom";
import { timeAxis } from "../core/drawing";
import type { Context } from "../core/pages";
import { bracketed } from "../core/phrases";
import { chainText } from "../core/routes";
import { rowDialog } from "../core/sources";
import { lang, num, t } from "../core/texts";
import { palette } from "../core/theme";
import { unit, word } from "../core/words";
import { type Across, acrossOf, groupName, groupsOf, type Point, pointsOf, valuedRows } from "./series-points";
import { bars, dots, lines, ranges, SIGNS } from "./series-shapes";
import { numberText, withUnit } from "./reasons";
import { periodText } from "./periods";

const SIDE_STEP_PX = 13;
/** Width that a year, or a part of a series, needs on the axis; the rest is reached by the bar below the chart. */
const YEAR_PX = 12;
const PART_PX = 42;
const FEWEST_PARTS_AT_ONCE = 6;
/** More labels than this are turned, so that none is left out. */
const MOST_LEVEL = 5;
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
  const across = acrossOf(valued);
  const groups = groupsOf(valued, across);
  const points = pointsOf(valued, across, groups);
  const width = Math.max(200, parent.clientWidth - AXES_PX);
  const drawn = chart(parent, option(ctx, points, groups, across, of, width), {
    title: of && of !== "1" ? bracketed(name, unit(of)) : name,
    data: rows,
    height: 380,
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

function option(ctx: Context, points: Point[], groups: string[], across: Across, of: string, width: number): Record<string, unknown> {
  const [axis, zoom, room] = across.stops ? partAxis(across.stops.map((stop) => chainText(ctx.doc, stop)), width) : yearAxis(points, width);
  const most = Math.max(...points.map((p) => 2 * Math.abs(p.side) + 1));
  // Where a period holds many values, the steps shrink to stay inside it.
  const step = Math.min(SIDE_STEP_PX, room / most);
  return {
    useUTC: true,
    grid: { left: 8, right: 28, top: 40, bottom: zoom ? 50 : 8, containLabel: true },
    legend: { type: "scroll", top: 0, left: 0, data: groups.map((group) => ({ name: groupName(group), icon: "circle" })) },
    tooltip: { trigger: "item", formatter: (p: { data: { point: Point } }) => pointBox(p.data.point, of) },
    xAxis: axis,
    yAxis: { type: "value", scale: true, axisLabel: { formatter: (value: number) => short(value) } },
    dataZoom: zoom ? [{ type: "slider", filterMode: "none", height: 20, bottom: 8, showDetail: false, ...zoom }] : [],
    series: groups.flatMap((group, i) => {
      const own = points.filter((p) => p.group === group);
      const colour = palette[i % palette.length]!;
      const name = groupName(group);
      return [lines(own, name, colour).series, bars(own, name, colour), ranges(own, name, colour, step), dots(own, name, colour, step)];
    }),
  };
}

/** What the first picture shows of a long axis. */
type Zoom = { startValue: number } | null;

/** Years to scale, so that a gap of ten years looks like one. */
function yearAxis(points: Point[], width: number): [object, Zoom, number] {
  const year = (ms: number): number => new Date(ms).getUTCFullYear();
  let first = year(Math.min(...points.map((p) => p.span?.start ?? p.at)));
  let last = year(Math.max(...points.map((p) => p.span?.end ?? p.at))) + 1;
  if (last - first < FEWEST_YEARS) [first, last] = [first - 1, last + 1];
  const atOnce = Math.floor(width / YEAR_PX);
  const many = last - first > atOnce;
  const axis = {
    ...timeAxis({ align: "left", padding: [0, 0, 0, 3] }),
    splitNumber: Math.max(2, Math.floor(width / MARK_PX)),
    min: Date.UTC(first, 0, 1),
    max: Date.UTC(last, 0, 1),
    minInterval: YEAR_MS,
    splitLine: { show: true },
  };
  return [axis, many ? { startValue: Date.UTC(last - atOnce, 0, 1) } : null, (0.8 * width) / Math.min(atOnce, last - first)];
}

/** Parts of the series beside each other, at one time. */
function partAxis(stops: string[], width: number): [object, Zoom, number] {
  const atOnce = Math.max(FEWEST_PARTS_AT_ONCE, Math.floor(width / PART_PX));
  const axis = {
    type: "category",
    data: stops,
    axisLabel: { interval: 0, rotate: stops.length > MOST_LEVEL ? 50 : 0 },
    splitLine: { show: stops.length > 1 },
  };
  return [axis, stops.length > atOnce ? { startValue: stops.length - atOnce } : null, 60];
}

/** Large numbers in the short form of the language: 5B, 5 млрд, 50亿. */
function short(value: number): string {
  if (Math.abs(value) < 1e4) return numberText(value);
  // Chromium says that it knows Azerbaijani, but ships no data for it.
  if (lang() !== "az") {
    return new Intl.NumberFormat(lang(), { notation: "compact" }).format(value);
  }
  return Math.abs(value) < 1e6 ? num(value) : t("{number} million", { number: numberText(value / 1e6) });
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
