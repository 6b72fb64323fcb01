/** All observations of a series by period: who says what, how sure, and which value is used. */

import { chart, tooltipBox } from "../core/chart";
import type { Row } from "../core/document";
import { h } from "../core/dom";
import type { Context } from "../core/pages";
import { rowDialog } from "../core/sources";
import { lang, num, t } from "../core/texts";
import { palette } from "../core/theme";
import { unit, word } from "../core/words";
import { numberText, periodText, withUnit } from "./reasons";

const SYMBOLS: Record<string, string> = {
  reported: "circle",
  derived: "diamond",
  assumed: "triangle",
  calibrated: "rect",
};
const SIGNS: Record<string, string> = { reported: "●", derived: "◆", assumed: "▲", calibrated: "■" };
const SYMBOL_PX = 11;
const SIDE_STEP_PX = 13;
/** Groups beyond the colours share the last one, so that colours stay apart. */
const MOST_GROUPS = 6;
/** Width that a period needs on the axis; the rest is reached by the bar below the chart. */
const PERIOD_PX = 42;
const FEWEST_PERIODS_AT_ONCE = 6;
/** More labels than this are turned, so that none is left out. */
const MOST_LEVEL = 5;

interface Point {
  row: Row;
  period: number;
  value: number;
  group: string;
  /** Steps to the side among observations of one period. */
  side: number;
}

export function seriesChart(parent: HTMLElement, ctx: Context, name: string, of: string, rows: Row[]): void {
  const valued = rows.filter((row) => middle(row) !== null);
  if (!valued.length) {
    parent.append(h("p", {}, t("Looked for, no value found.")));
    return;
  }
  const across = acrossOf(valued);
  const stops = [...new Set(valued.map((row) => across.key(row)))].sort();
  const groups = groupsOf(valued, across);
  const points = pointsOf(valued, stops, groups, across);
  const drawn = chart(parent, option(points, stops, groups, across, of, parent.clientWidth), {
    title: of && of !== "1" ? `${name}, ${unit(of)}` : name,
    data: rows,
    height: 380,
    description: t("Observations by period; the same values are in the table below."),
  });
  drawn.on("click", (p) => {
    const { point } = (p.data ?? {}) as { point?: Point };
    if (point) rowDialog(ctx, "input_observations", String(point.row.id));
  });
  const signs = [...new Set(valued.map((row) => String(row.status)))];
  const meaning = signs.map((status) => `${SIGNS[status] ?? "●"} ${word(status)}`).join("   ");
  parent.append(
    h("p", { class: "muted" }, `${meaning} · ${t("Filled: used; hollow: kept, not used. Click a point for its row and sources.")}`),
  );
}

/** What goes along the axis: periods; parts of the series where there are many of them at one time. */
interface Across {
  key: (row: Row) => string;
  text: (key: string) => string;
  group: (row: Row) => string;
}

function acrossOf(rows: Row[]): Across {
  const periods = new Set(rows.map((row) => row.period));
  const parts = new Set(rows.map((row) => row.coverage));
  const who = (row: Row): string => String(row.side ?? "");
  const period = (row: Row): string => String(row.period ?? "");
  const part = (row: Row): string => String(row.coverage ?? "");
  if (parts.size > MOST_GROUPS && parts.size > periods.size) return { key: part, text: (key) => key, group: period };
  const group = parts.size > 1 ? (row: Row) => [part(row), who(row)].filter(Boolean).join(", ") : who;
  return { key: period, text: periodText, group };
}

function groupsOf(rows: Row[], across: Across): string[] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(across.group(row), (counts.get(across.group(row)) ?? 0) + 1);
  const order = [...counts].sort((a, b) => b[1] - a[1]).map(([group]) => group);
  return order.length > MOST_GROUPS ? [...order.slice(0, MOST_GROUPS - 1), OTHERS] : order;
}

const OTHERS = "\u0000others";

function groupName(group: string): string {
  if (group === OTHERS) return t("others");
  return group ? periodText(group) : t("not named");
}

function pointsOf(rows: Row[], stops: string[], groups: string[], across: Across): Point[] {
  const index = new Map(stops.map((stop, i) => [stop, i]));
  const used = new Map<number, number>();
  const known = new Set(groups);
  const points = rows.map((row) => {
    const period = index.get(across.key(row))!;
    const order = used.get(period) ?? 0;
    used.set(period, order + 1);
    const own = across.group(row);
    return { row, period, value: middle(row)!, group: known.has(own) ? own : OTHERS, side: order };
  });
  // Observations of a period stand beside each other, around its middle.
  return points.map((p) => ({ ...p, side: p.side - (used.get(p.period)! - 1) / 2 }));
}

function middle(row: Row): number | null {
  if (typeof row.value === "number") return row.value;
  const ends = [row.value_low, row.value_high].filter((end) => typeof end === "number");
  return ends.length ? ends.reduce((sum, end) => sum + end, 0) / ends.length : null;
}

function option(
  points: Point[],
  stops: string[],
  groups: string[],
  across: Across,
  of: string,
  width: number,
): Record<string, unknown> {
  const most = Math.max(...stops.map((_, i) => points.filter((p) => p.period === i).length));
  // Where a period holds many values, the steps shrink to stay inside it.
  const step = Math.min(SIDE_STEP_PX, 60 / most);
  const atOnce = Math.max(FEWEST_PERIODS_AT_ONCE, Math.floor((width - 80) / PERIOD_PX));
  const many = stops.length > atOnce;
  return {
    grid: { left: 8, right: 16, top: 40, bottom: many ? 50 : 8, containLabel: true },
    legend: { type: "scroll", top: 0, left: 0, data: groups.map((group) => ({ name: groupName(group), icon: "circle" })) },
    tooltip: { trigger: "item", formatter: (p: { data: { point: Point } }) => pointBox(p.data.point, of) },
    xAxis: { type: "category", data: stops.map(across.text), axisLabel: { interval: 0, rotate: stops.length > MOST_LEVEL ? 50 : 0 }, splitLine: { show: stops.length > 1 && most > 1 } },
    yAxis: { type: "value", scale: true, axisLabel: { formatter: (value: number) => short(value) } },
    dataZoom: many ? [{ type: "slider", height: 20, bottom: 8, showDetail: false, startValue: stops.length - atOnce }] : [],
    series: groups.flatMap((group, i) => {
      const own = points.filter((p) => p.group === group);
      const colour = palette[i % palette.length]!;
      return [ranges(own, group, colour, step), dots(own, group, colour, step)];
    }),
  };
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

function dots(points: Point[], group: string, colour: string, step: number): object {
  return {
    type: "scatter",
    name: groupName(group),
    itemStyle: { color: colour },
    data: points.map((point) => ({
      value: [point.period, point.value],
      point,
      symbol: SYMBOLS[String(point.row.status)] ?? "circle",
      symbolSize: SYMBOL_PX,
      symbolOffset: [point.side * step, 0],
      itemStyle: {
        color: point.row.used === false ? "transparent" : colour,
        borderColor: colour,
        borderWidth: 2,
      },
    })),
  };
}

interface Drawing {
  coord(value: [number, number]): [number, number];
  value(index: number): number;
}

/** Printed ranges as thin lines. */
function ranges(points: Point[], group: string, colour: string, step: number): object {
  const wide = points.filter((p) => typeof p.row.value_low === "number" && typeof p.row.value_high === "number");
  return {
    type: "custom",
    name: groupName(group),
    silent: true,
    itemStyle: { color: colour },
    data: wide.map((p) => [p.period, p.row.value_low, p.row.value_high, p.side * step]),
    encode: { x: 0, y: [1, 2] },
    renderItem: (_: unknown, api: Drawing) => {
      const [x, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      const at = x + api.value(3);
      return { type: "line", shape: { x1: at, y1: low, x2: at, y2: high }, style: { stroke: colour, lineWidth: 2 } };
    },
  };
}

function pointBox(point: Point, of: string): HTMLElement {
  const { row } = point;
  const lines: [string, string][] = [];
  const add = (name: string, value: unknown): void => {
    if (value !== null && value !== undefined && value !== "") lines.push([name, String(value)]);
  };
  if (typeof row.value === "number") add(t("value"), withUnit(numberText(row.value), of));
  add(t("as printed"), row.printed);
  add(t("coverage"), row.coverage);
  add(t("who counts"), row.side);
  add(t("status"), word(row.status));
  add(t("confidence"), word(row.confidence));
  add(t("used"), row.used === false ? t("no") : t("yes"));
  return tooltipBox(periodText(String(row.period ?? "")), lines);
}
