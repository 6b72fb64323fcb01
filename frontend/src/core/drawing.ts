/** Shapes that several charts draw. */

import type * as echarts from "echarts/core";

import { timeMark } from "./texts";
import { FONT } from "./theme";

/** What ECharts hands to the drawing of one item. */
export interface Pen {
  value(dimension: number): number;
  coord(point: number[]): number[];
}

/** Half of the height of the ends of an interval. */
const END_PX = 5;

/**
 * Return a series of horizontal intervals.
 *
 * `data` are [low, high, row or value]; a thick bar without ends is a range, a thin line with ends an interval.
 * `shift` moves them down from their row by so many pixels; `clip` cuts them off at the end of the axis.
 */
export function intervals(
  name: string,
  data: (number | string)[][],
  look: { colour: string; width: number; ends: boolean; z?: number; shift?: number; clip?: boolean },
): echarts.EChartsCoreOption {
  return {
    type: "custom",
    name,
    data,
    z: look.z ?? 2,
    silent: true,
    clip: look.clip ?? false,
    encode: { x: [0, 1], y: 2 },
    itemStyle: { color: look.colour },
    renderItem: (_: unknown, api: Pen) => {
      const [x1 = 0, row = 0] = api.coord([api.value(0), api.value(2)]);
      const y = row + (look.shift ?? 0);
      const [x2 = 0] = api.coord([api.value(1), api.value(2)]);
      const line = (a: number, b: number, c: number, d: number, width: number) => ({
        type: "line",
        shape: { x1: a, y1: b, x2: c, y2: d },
        style: { stroke: look.colour, lineWidth: width },
      });
      const children = [line(x1, y, x2, y, look.width)];
      if (look.ends) children.push(line(x1, y - END_PX, x1, y + END_PX, look.width), line(x2, y - END_PX, x2, y + END_PX, look.width));
      return { type: "group", children };
    },
  };
}

/** Return a series of vertical intervals with ends; `data` are [place on the axis below, low, high]. */
export function uprights(name: string, data: (number | null)[][], look: { colour: string; width: number; z?: number }): echarts.EChartsCoreOption {
  return {
    type: "custom",
    name,
    data: data.filter((point) => point.every((value) => value !== null)),
    z: look.z ?? 3,
    silent: true,
    encode: { x: 0, y: [1, 2] },
    itemStyle: { color: look.colour },
    renderItem: (_: unknown, api: Pen) => {
      const [x = 0, low = 0] = api.coord([api.value(0), api.value(1)]);
      const [, high = 0] = api.coord([api.value(0), api.value(2)]);
      const line = (x1: number, y1: number, x2: number, y2: number) => ({
        type: "line",
        shape: { x1, y1, x2, y2 },
        style: { stroke: look.colour, lineWidth: look.width },
      });
      const ends = [low, high].map((y) => line(x - END_PX + 1, y, x + END_PX - 1, y));
      return { type: "group", children: [line(x, low, x, high), ...ends] };
    },
  };
}

const NARROW_PX = 640;
const LINE_PX = 15;
/** Room between the lines of two names. */
const GAP_PX = 10;
/** Height of a bar or dot below its name. */
const MARK_PX = 24;
const MOST_LINES = 3;

export interface NameAxis {
  axis: object;
  /** Room on the left. */
  left: number;
  /** Height of a row. */
  row: number;
  narrow: boolean;
}

/**
 * Return an axis of names for the rows of a chart.
 *
 * The names stand beside the rows, at most `wide` pixels; on a narrow page, above them.
 */
export function nameAxis(parent: HTMLElement, names: string[], wide: number): NameAxis {
  const room = parent.clientWidth;
  const narrow = room < NARROW_PX;
  const texts = new Map(names.map((name) => [name, wrapped(name, narrow ? room - 60 : wide)]));
  const lines = Math.max(1, ...[...texts.values()].map((text) => text.split("\n").length));
  const above = { inside: true, align: "left", verticalAlign: "bottom", margin: 0, padding: [0, 0, 9, 4] };
  const axis = {
    type: "category",
    data: names,
    inverse: true,
    axisTick: { show: false },
    axisLabel: {
      // By name: the index that ECharts gives counts from the first row in sight.
      formatter: (name: string) => texts.get(name) ?? name,
      interval: 0,
      lineHeight: LINE_PX,
      ...(narrow ? above : {}),
    },
    z: 6,
  };
  const row = lines * LINE_PX + (narrow ? MARK_PX : GAP_PX);
  return { axis, left: narrow ? 14 : wide + 16, row: Math.max(MARK_PX, row), narrow };
}

/** Return an axis of time whose marks are in the reader's language. */
export function timeAxis(labels: object = {}): object {
  return {
    type: "time",
    axisLabel: { formatter: (ms: number) => timeMark(ms), hideOverlap: true, ...labels },
  };
}

let ruler: CanvasRenderingContext2D | null = null;

/** Return a function that measures texts in pixels. */
function measure(): (text: string) => number {
  ruler ??= document.createElement("canvas").getContext("2d");
  const pen = ruler;
  if (!pen) return () => 0;
  pen.font = `12px ${FONT}`;
  return (text) => pen.measureText(text).width;
}

const LEGEND_MARK_PX = 33;

/** Return how many rows the legend of a chart takes in a width in pixels. */
export function legendRows(names: string[], width: number): number {
  const px = measure();
  let [rows, used] = [1, 0];
  for (const name of names) {
    const wide = px(name) + LEGEND_MARK_PX;
    if (used > 0 && used + wide > width) [rows, used] = [rows + 1, 0];
    used += wide;
  }
  return rows;
}

/**
 * Return `text` cut to a width in pixels, with an ellipsis.
 *
 * ECharts cuts and wraps by counting every letter outside ASCII as wide as a Chinese one, which
 * leaves half of a Cyrillic label; here the letters are measured.
 */
function fitted(text: string, width: number): string {
  const px = measure();
  if (px(text) <= width) return text;
  let end = text.length;
  while (end > 1 && px(`${text.slice(0, end)}…`) > width) end -= 1;
  return `${text.slice(0, end).trimEnd()}…`;
}

/** Return `text` on at most three lines of a width in pixels; Chinese breaks after any sign, numbers nowhere. */
export function wrapped(text: string, width: number): string {
  const px = measure();
  const parts = text.match(/\p{Script=Han}[，、；：）]?|(?:[^\s\p{Script=Han}]|[\u00a0\u202f])+[^\S\u00a0\u202f]*|\s+/gu) ?? [];
  const lines: string[] = [];
  let line = "";
  while (parts.length > 0 && lines.length < MOST_LINES - 1) {
    const part = parts.shift()!;
    if (line !== "" && px((line + part).trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += part;
  }
  return [...lines, fitted((line + parts.join("")).trimEnd(), width)].join("\n");
}
