/** How long a journey takes: a sentence, figures with their intervals, and the distribution by days. */

import { chart, tooltipBox } from "../core/chart";
import { number, type Row } from "../core/document";
import { h } from "../core/dom";
import type { Pen } from "../core/drawing";
import type { Context } from "../core/pages";
import { clauses, colon } from "../core/phrases";
import { shortPlace } from "../core/routes";
import { dayText, estimate, type Estimate, estimateText, rangeText, shareText } from "../core/simulation";
import { num, percent, t } from "../core/texts";
import { colours, FONT, palette } from "../core/theme";
import { unit } from "../core/words";

const HOURS = 24;

const QUANTILES = [
  ["p10", () => t("10 of 100 within")],
  ["p50", () => t("50 of 100 within")],
  ["p90", () => t("90 of 100 within")],
] as const;

/** Say in a sentence and in figures how long a journey takes. */
export function journeyFigures(root: HTMLElement, ctx: Context, journey: Row): void {
  if (number(journey.mean_h) === null) {
    root.append(h("p", { class: "notice" }, t("Nothing of this journey arrived in the simulated years.")));
    return;
  }
  const [p10, p50, p90, mean] = ["p10", "p50", "p90", "mean"].map((stem) => estimate(journey, stem, "_h"));
  const place = (node: unknown): string => shortPlace(ctx.doc, String(node));
  const values = { from: place(journey.origin), to: place(journey.destination), p10: dayText(p10!.value), p50: dayText(p50!.value), p90: dayText(p90!.value), mean: dayText(mean!.value) };
  root.append(
    h("p", { class: "main-share" }, t("Of 100 shipments from {from} to {to}, 10 arrive within {p10} days, 50 within {p50} and 90 within {p90}; the mean is {mean} days.", values)),
    h(
      "div",
      { class: "figure-row simulated-figures" },
      figure(t("mean"), mean!),
      ...QUANTILES.map(([stem, name]) => figure(name(), estimate(journey, stem, "_h"))),
      arrived(journey),
    ),
  );
}

function figure(name: string, e: Estimate): HTMLElement {
  return box(name, dayText(e.value), t("days"), rangeText(e, dayText));
}

function arrived(journey: Row): HTMLElement {
  const e = estimate(journey, "arrived", "_teu_per_year");
  return box(t("arrive in a year"), num(e.value), unit("TEU"), rangeText(e, (value) => num(value)));
}

function box(name: string, value: string, of: string, range: string): HTMLElement {
  return h("div", {}, h("div", { class: "muted" }, name), h("div", { class: "value" }, value, " ", h("small", {}, of)), h("div", { class: "muted" }, `(${range})`));
}

interface Bar {
  day: number;
  share: Estimate;
}

/** Below this share the tail of a distribution is not drawn. */
const LEAST_SHARE = 0.0005;

/** Draw which part of the shipments takes how many days, each bar with its interval. */
export function timesChart(root: HTMLElement, ctx: Context, journey: Row, name: string): void {
  const bars = barsOf(ctx, journey);
  if (bars.length === 0) return;
  const [first, last] = [bars[0]!.day, bars.at(-1)!.day + 1];
  const top = Math.max(...bars.map(({ share }) => share.high ?? share.value ?? 0));
  chart(
    root,
    {
      grid: { left: 52, right: 20, top: 46, bottom: 44 },
      tooltip: { trigger: "item", formatter: (hit: { dataIndex: number }) => tip(bars[hit.dataIndex]!) },
      xAxis: { type: "value", min: first, max: last, minInterval: 1, name: t("days door to door"), nameLocation: "middle", nameGap: 26, axisLabel: { hideOverlap: true }, splitLine: { show: false } },
      yAxis: { type: "value", min: 0, max: top * 1.02, axisLabel: { formatter: (share: number) => percent(share, share < 0.01 ? 1 : 0), showMaxLabel: false } },
      series: [barSeries(bars, journey), marks(journey, top)],
    },
    {
      title: colon(t("Shipments by days door to door"), name),
      data: ctx.doc.table("simulated_times").filter((row) => row.journey_id === journey.journey_id),
      height: 300,
      description: clauses(bars.map(({ day, share }) => colon(dayRangeText(day), estimateText(share, shareText)))),
    },
  );
  root.append(h("p", { class: "hint" }, t("Dark bars: eight of ten shipments. Thin lines: intervals.")));
}

function barsOf(ctx: Context, journey: Row): Bar[] {
  const own = ctx.doc.table("simulated_times").filter((row) => row.journey_id === journey.journey_id);
  const bars = own.map((row) => ({ day: Number(row.day), share: estimate(row, "arrived", "_share") }));
  bars.sort((a, b) => a.day - b.day);
  const seen = bars.map(({ share }) => (share.value ?? 0) >= LEAST_SHARE);
  return bars.slice(Math.max(0, seen.indexOf(true)), seen.lastIndexOf(true) + 1);
}

function barSeries(bars: Bar[], journey: Row): object {
  const c = colours();
  const [low, high] = [number(journey.p10_h), number(journey.p90_h)].map((hours) => (hours ?? 0) / HOURS);
  const inner = (day: number): boolean => day + 1 > low! && day < high!;
  return {
    type: "custom",
    name: t("share"),
    data: bars.map(({ day, share }) => [day, share.value ?? 0, share.low ?? share.value ?? 0, share.high ?? share.value ?? 0]),
    encode: { x: 0, y: [1, 2, 3] },
    renderItem: (_: unknown, api: Pen) => {
      const day = api.value(0);
      const [left = 0, y = 0] = api.coord([day, api.value(1)]);
      const [right = 0, ground = 0] = api.coord([day + 1, 0]);
      const [, from = 0] = api.coord([day, api.value(2)]);
      const [, to = 0] = api.coord([day, api.value(3)]);
      const middle = (left + right) / 2;
      const fill = inner(day) ? palette[0] : palette[5];
      return {
        type: "group",
        children: [
          { type: "rect", shape: { x: left + 0.5, y, width: Math.max(1, right - left - 1), height: ground - y }, style: { fill } },
          { type: "line", shape: { x1: middle, y1: from, x2: middle, y2: to }, style: { stroke: c.text, lineWidth: 1.2 } },
        ],
      };
    },
  };
}

const LABEL_PX = 15;

/** Lines at the quantiles and the mean, their names above the bars. */
function marks(journey: Row, top: number): object {
  const c = colours();
  const names = { p10: t("1 of 10"), p50: t("half"), p90: t("9 of 10") };
  const at = Object.entries(names).flatMap(([stem, name]) => {
    const hours = number(journey[`${stem}_h`]);
    return hours === null ? [] : [{ day: hours / HOURS, name }];
  });
  return {
    type: "custom",
    name: t("quantiles"),
    silent: true,
    z: 5,
    data: at.map(({ day }) => [day, top]),
    renderItem: (item: { dataIndex: number }, api: Pen) => {
      const [x = 0, y = 0] = api.coord([api.value(0), api.value(1)]);
      const [, ground = 0] = api.coord([api.value(0), 0]);
      // Every second name stands higher, so that they do not meet on a narrow screen.
      const raised = item.dataIndex % 2 === 1 ? LABEL_PX : 0;
      return {
        type: "group",
        children: [
          { type: "line", shape: { x1: x, y1: y - 6 - raised, x2: x, y2: ground }, style: { stroke: c.text, lineWidth: 1.5, lineDash: [4, 3] } },
          { type: "text", style: { x, y: y - 9 - raised, text: at[item.dataIndex]!.name, align: "center", verticalAlign: "bottom", fill: c.text, font: `12px ${FONT}` } },
        ],
      };
    },
  };
}

function dayRangeText(day: number): string {
  return t("{low}–{high} days", { low: num(day), high: num(day + 1) });
}

function tip({ day, share }: Bar): HTMLElement {
  return tooltipBox(dayRangeText(day), [[t("share of the shipments"), estimateText(share, (value) => percent(value ?? 0, 1))]]);
}
