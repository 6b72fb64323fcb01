/** Charts: one look, light and dark, resizing, and buttons that save picture and data. */

import { BarChart, CustomChart, LineChart, LinesChart, ScatterChart } from "echarts/charts";
import {
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";

import type { Row } from "./document";
import { columnsOf, downloadCsv, fileName } from "./csv";
import { button, type Child, download, h } from "./dom";
import { colon } from "./phrases";
import { onPrinting, PRINT_WIDTH, printing } from "./printing";
import { plainNumber, t } from "./texts";
import { colours, FONT, onThemeChange, palette, theme } from "./theme";

export { palette } from "./theme";

echarts.use([
  BarChart,
  CustomChart,
  LineChart,
  LinesChart,
  ScatterChart,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  LabelLayout,
  CanvasRenderer,
  SVGRenderer,
]);

export interface ChartOptions {
  title: string;
  /** Rows behind the drawing, saved as CSV. */
  data: Row[];
  height?: number;
  /** What the drawing shows, for those who cannot see it. */
  description: string;
}

const TITLE_HEIGHT = 44;
const TITLE_PX = 16;
const TITLE_MARGIN = 12;

interface Live {
  box: HTMLElement;
  stop: () => void;
}
const live = new Set<Live>();

/** Sides of the box around a chart. */
const BOX_PX = 32;

/** Make a chart as wide as its box, or as the paper. */
function fitWidth(drawn: echarts.ECharts, box: HTMLElement): void {
  const width = printing() ? Math.min(PRINT_WIDTH - BOX_PX, drawn.getWidth()) : box.clientWidth;
  if (width > 0 && width !== drawn.getWidth()) drawn.resize({ width });
  // At once, not in the next frame: a page that is printed has no next frame.
  drawn.getZr().flush();
}

/** Draw a chart with its title and buttons; `option` may use `palette` and `colours()`. */
export function chart(
  parent: HTMLElement,
  option: echarts.EChartsCoreOption,
  o: ChartOptions,
): echarts.ECharts {
  const height = o.height ?? 320;
  const box = h("div", { class: "chart-canvas", role: "img", "aria-label": colon(o.title, o.description) });
  box.style.height = `${height}px`;
  const buttons = h("div", { class: "chart-buttons" });
  parent.append(h("figure", { class: "chart" }, h("figcaption", {}, h("span", {}, o.title), buttons), box));

  const drawn = echarts.init(box, chartTheme(), { renderer: "canvas", height });
  drawn.setOption({ animation: false, ...option });
  buttons.append(
    button("PNG", () => savePng(drawn, o), { title: t("Save as picture (PNG)") }),
    button("SVG", () => saveSvg(drawn, o), { title: t("Save as drawing (SVG)") }),
    button("CSV", () => downloadCsv(fileName(o.title), columnsOf(o.data), o.data), {
      title: t("Save the data (CSV)"),
    }),
  );
  fitWidth(drawn, box);
  keep(drawn, box);
  return drawn;
}

/** Free the charts that are no longer on the page. */
export function disposeCharts(): void {
  for (const one of live) if (!one.box.isConnected) one.stop();
}

function keep(drawn: echarts.ECharts, box: HTMLElement): void {
  const fit = (): void => fitWidth(drawn, box);
  const observer = new ResizeObserver(fit);
  observer.observe(box);
  const forget = [onThemeChange(() => drawn.setTheme(chartTheme())), onPrinting(fit)];
  const entry: Live = {
    box,
    stop: () => {
      observer.disconnect();
      forget.forEach((f) => f());
      drawn.dispose();
      live.delete(entry);
    },
  };
  live.add(entry);
}

/** Return the look of charts in the colours of the page. */
function chartTheme(): object {
  const c = colours();
  const axis = {
    axisLine: { lineStyle: { color: c.muted } },
    axisTick: { lineStyle: { color: c.muted } },
    axisLabel: { color: c.text, fontSize: 12 },
    nameTextStyle: { color: c.muted, fontSize: 12 },
    splitLine: { lineStyle: { color: c.line } },
  };
  return {
    color: [...palette],
    backgroundColor: "transparent",
    darkMode: theme() === "dark",
    textStyle: { fontFamily: FONT, color: c.text },
    legend: { itemWidth: 16, itemGap: 8, textStyle: { color: c.text }, pageTextStyle: { color: c.text } },
    tooltip: {
      backgroundColor: c.surface,
      borderColor: c.line,
      textStyle: { color: c.text, fontSize: 13 },
      confine: true,
    },
    categoryAxis: axis,
    // What a chart does not say is written as the language does it.
    valueAxis: { ...axis, axisLabel: { ...axis.axisLabel, formatter: plainNumber } },
    timeAxis: axis,
    logAxis: axis,
  };
}

/** Save what is drawn, under its title, on the page's background. */
function savePng(drawn: echarts.ECharts, o: ChartOptions): void {
  const ratio = 2;
  const picture = drawn.renderToCanvas({ pixelRatio: ratio, backgroundColor: colours().surface });
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height + TITLE_HEIGHT * ratio;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.fillStyle = colours().surface;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = colours().text;
  pen.font = `600 ${titlePx(o.title, drawn.getWidth()) * ratio}px ${FONT}`;
  pen.fillText(o.title, TITLE_MARGIN * ratio, 28 * ratio);
  pen.drawImage(picture, 0, TITLE_HEIGHT * ratio);
  canvas.toBlob((blob) => blob && download(`${fileName(o.title)}.png`, blob), "image/png");
}

/** Return the size of letters at which a title fits above its drawing. */
function titlePx(title: string, width: number): number {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen) return TITLE_PX;
  pen.font = `600 ${TITLE_PX}px ${FONT}`;
  return Math.min(TITLE_PX, (TITLE_PX * (width - 2 * TITLE_MARGIN)) / pen.measureText(title).width);
}

/** Draw the same once more as SVG, and save it under its title. */
function saveSvg(drawn: echarts.ECharts, o: ChartOptions): void {
  const [width, height] = [drawn.getWidth(), drawn.getHeight()];
  const again = echarts.init(null, chartTheme(), { renderer: "svg", ssr: true, width, height });
  again.setOption({ ...drawn.getOption(), animation: false });
  const inner = new DOMParser().parseFromString(again.renderToSVGString(), "image/svg+xml").documentElement;
  again.dispose();
  inner.setAttribute("y", String(TITLE_HEIGHT));
  const ns = "http://www.w3.org/2000/svg";
  const outer = document.createElementNS(ns, "svg");
  outer.setAttribute("width", String(width));
  outer.setAttribute("height", String(height + TITLE_HEIGHT));
  const back = document.createElementNS(ns, "rect");
  for (const [k, v] of Object.entries({ width: "100%", height: "100%", fill: colours().surface }))
    back.setAttribute(k, v);
  const title = document.createElementNS(ns, "text");
  const look = { x: String(TITLE_MARGIN), y: "28", "font-size": titlePx(o.title, width).toFixed(1), "font-weight": "600", fill: colours().text, "font-family": FONT };
  for (const [k, v] of Object.entries(look)) title.setAttribute(k, v);
  title.textContent = o.title;
  outer.append(back, title, document.importNode(inner, true));
  const text = new XMLSerializer().serializeToString(outer);
  download(`${fileName(o.title)}.svg`, new Blob([text], { type: "image/svg+xml" }));
}

/** Return lines of text as a tooltip; never markup, so that data stay text. */
export function tooltipBox(title: string, lines: [string, Child][]): HTMLElement {
  const list = h("dl", { class: "tooltip" });
  for (const [name, value] of lines) list.append(h("dt", {}, name), h("dd", {}, value));
  return h("div", {}, h("strong", {}, title), list);
}
