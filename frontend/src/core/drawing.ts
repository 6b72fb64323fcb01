/** Shapes that several charts draw. */

import type * as echarts from "echarts/core";

/** What ECharts hands to the drawing of one item. */
interface Pen {
  value(dimension: number): number;
  coord(point: number[]): number[];
}

/**
 * Return a series of horizontal intervals.
 *
 * `data` are [low, high, row]; a thick bar without ends is a range, a thin line with ends an interval.
 */
export function intervals(
  name: string,
  data: (number | string)[][],
  look: { colour: string; width: number; ends: boolean; z?: number },
): echarts.EChartsCoreOption {
  return {
    type: "custom",
    name,
    data,
    z: look.z ?? 2,
    silent: true,
    encode: { x: [0, 1], y: 2 },
    itemStyle: { color: look.colour },
    renderItem: (_: unknown, api: Pen) => {
      const [x1 = 0, y = 0] = api.coord([api.value(0), api.value(2)]);
      const [x2 = 0] = api.coord([api.value(1), api.value(2)]);
      const line = (a: number, b: number, c: number, d: number, width: number) => ({
        type: "line",
        shape: { x1: a, y1: b, x2: c, y2: d },
        style: { stroke: look.colour, lineWidth: width },
      });
      const children = [line(x1, y, x2, y, look.width)];
      if (look.ends) children.push(line(x1, y - 4, x1, y + 4, look.width), line(x2, y - 4, x2, y + 4, look.width));
      return { type: "group", children };
    },
  };
}

/** Return the width for names beside a chart, and whether the page is narrow. */
export function labelWidth(parent: HTMLElement, wide: number): { width: number; narrow: boolean } {
  const narrow = parent.clientWidth < 640;
  return { width: narrow ? Math.min(wide, Math.max(110, parent.clientWidth * 0.36)) : wide, narrow };
}

let ruler: CanvasRenderingContext2D | null = null;

/**
 * Return `text` cut to a width in pixels, with an ellipsis.
 *
 * ECharts cuts and wraps by counting every letter outside ASCII as wide as a Chinese one, which
 * leaves half of a Cyrillic label; here the letters are measured.
 */
export function fitted(text: string, width: number, font = "12px sans-serif"): string {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (!ruler) return text;
  ruler.font = font;
  if (ruler.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && ruler.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end).trimEnd()}…`;
}
