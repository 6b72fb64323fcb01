/** The shapes of a series chart: dots of years, bars of other times, lines, printed ranges. */

import { intervals } from "../core/drawing";
import { isOneKind, type Point } from "./series-points";

export const SIGNS: Record<string, string> = { reported: "●", derived: "◆", assumed: "▲", calibrated: "■" };
const SYMBOLS: Record<string, string> = {
  reported: "circle",
  derived: "diamond",
  assumed: "triangle",
  calibrated: "rect",
};
const YEAR_DOT_PX = 11;
/** A value of a part of a year is not to be read beside those of years: its dot is small and sits on a bar. */
const PART_DOT_PX = 6;
const LINE_PX = 2;

interface Drawing {
  coord(value: [number, number]): [number, number];
  value(index: number): number;
}

/** `rows`: the parts of the series stand below each other, values go to the right. */
export function dots(points: Point[], name: string, colour: string, step: number, rows: boolean): object {
  return {
    type: "scatter",
    name,
    z: 4,
    itemStyle: { color: colour },
    data: points.map((point) => ({
      value: rows ? [point.value, point.at] : [point.at, point.value],
      point,
      symbol: SYMBOLS[String(point.row.status)] ?? "circle",
      symbolSize: point.span ? PART_DOT_PX : YEAR_DOT_PX,
      symbolOffset: rows ? [0, point.side * step] : [point.side * step, 0],
      itemStyle: {
        color: point.row.used === false ? "transparent" : colour,
        borderColor: colour,
        borderWidth: point.span ? 1 : 2,
        opacity: 1,
      },
    })),
  };
}

/** Bars from the beginning to the end of what is not one year, with ends that show on the shortest. */
export function bars(points: Point[], name: string, colour: string): object {
  const data = points.flatMap((p) => (p.span ? [[p.span.start, p.span.end, p.value]] : []));
  return intervals(name, data, { colour, width: LINE_PX, ends: true, z: 3 });
}

/**
 * Lines between used values of years that follow each other.
 *
 * A year without a value breaks the line, and so does one with two; parts of years are never in it.
 */
export function lines(points: Point[], name: string, colour: string): { series: object; joins: boolean } {
  const years = points.filter((p) => !p.span && p.row.used !== false && isOneKind(p.group));
  const single = years.filter((p) => years.filter((other) => other.at === p.at && other.group === p.group).length === 1);
  const values = new Map(single.map((p) => [`${p.group} ${yearOf(p)}`, p]));
  const steps = single.flatMap((p) => {
    const next = values.get(`${p.group} ${yearOf(p) + 1}`);
    return next && /^\d{4}$/.test(String(p.row.period)) ? [[p.at, p.value], [next.at, next.value], [next.at, null]] : [];
  });
  const series = {
    type: "line",
    name,
    silent: true,
    symbol: "none",
    z: 2,
    lineStyle: { color: colour, width: 1.5, opacity: 0.7 },
    itemStyle: { color: colour },
    data: steps,
  };
  return { series, joins: steps.length > 0 };
}

function yearOf(point: Point): number {
  return Number(String(point.row.period).slice(0, 4));
}

/** Printed ranges as thin lines. */
export function ranges(points: Point[], name: string, colour: string, step: number, rows: boolean): object {
  const wide = points.filter((p) => typeof p.row.value_low === "number" && typeof p.row.value_high === "number");
  return {
    type: "custom",
    name,
    silent: true,
    itemStyle: { color: colour },
    data: wide.map((p) => [p.at, p.row.value_low, p.row.value_high, p.side * step]),
    encode: rows ? { x: [1, 2], y: 0 } : { x: 0, y: [1, 2] },
    renderItem: (_: unknown, api: Drawing) => {
      const end = (index: number): [number, number] =>
        rows ? api.coord([api.value(index), api.value(0)]) : api.coord([api.value(0), api.value(index)]);
      const [[x1, y1], [x2, y2]] = [end(1), end(2)];
      const [right, down] = rows ? [0, api.value(3)] : [api.value(3), 0];
      return {
        type: "line",
        shape: { x1: x1 + right, y1: y1 + down, x2: x2 + right, y2: y2 + down },
        style: { stroke: colour, lineWidth: LINE_PX },
      };
    },
  };
}
