// Charts of all pairs: the interval of time of each, and what changed against the reference run.
import type { EChartsCoreOption } from "echarts/core";
import { chart, palette, tooltipBox } from "../core/chart";
import { number, type Doc, type Row } from "../core/document";
import { button, clear, h } from "../core/dom";
import { nameAxis, type NameAxis } from "../core/drawing";
import { kept } from "../core/kept";
import { days, num, t } from "../core/texts";
import { bestOf, difference, differs, pairFigures, type PairFigures } from "./figures";
import type { Reference } from "./headline";

const AXIS_PX = 70;
const NAME_PX = 240;
/** More pairs than these push the pages below out of sight; the case names the most important ones first. */
const FIRST_PAIRS = 12;
const HOURS_PER_DAY = 24;

export function outlook(place: HTMLElement, doc: Doc, reference: Reference | null): void {
  clear(place);
  const pairs = pairFigures(doc);
  const state = kept("outlook", () => ({ all: false }));
  const most = state.all || pairs.length <= FIRST_PAIRS + 2 ? pairs.length : FIRST_PAIRS;
  const grid = h("div", { class: "app-charts" });
  place.append(grid);
  intervals(grid, pairs.slice(0, most), reference);
  if (reference) changes(grid, pairs, reference, most);
  if (most === pairs.length) return;
  const more = (): void => {
    state.all = true;
    outlook(place, doc, reference);
  };
  place.append(h("div", { class: "controls" }, button(t("Show all pairs ({count})", { count: pairs.length }), more)));
}

function inDays(cell: unknown): number | null {
  return typeof cell === "number" ? cell / HOURS_PER_DAY : null;
}

/** Bars from the 10 % to the 90 % quantile, a point at the mean; a hollow one for the reference. */
function intervals(place: HTMLElement, pairs: PairFigures[], reference: Reference | null): void {
  const sorted = [...pairs].sort((a, b) => Number(a.best["mean_h"]) - Number(b.best["mean_h"]));
  const before = sorted.map(({ id }) => (reference ? bestOf(reference.doc, id) : undefined));
  const data: Row[] = sorted.map(({ id, name, best }, i) => ({
    pair_id: id,
    pair: name,
    p10_days: inDays(best["p10_h"]),
    mean_days: inDays(best["mean_h"]),
    p90_days: inDays(best["p90_h"]),
    reference_mean_days: inDays(before[i]?.["mean_h"]),
  }));
  const width = (row: Row): number => Number(row["p90_days"]) - Number(row["p10_days"]);
  const invisible = { silent: true, itemStyle: { color: "transparent" }, tooltip: { show: false } };
  const blue = palette[0];
  const series: object[] = [
    { type: "bar", stack: "interval", data: data.map((row) => row["p10_days"]), ...invisible },
    {
      type: "bar",
      stack: "interval",
      name: t("eight in ten"),
      data: data.map(width),
      barWidth: 9,
      itemStyle: { color: blue, opacity: 0.4 },
    },
    { type: "scatter", name: t("mean"), data: data.map((row) => row["mean_days"]), symbolSize: 9, itemStyle: { color: blue } },
  ];
  if (reference) series.push(referencePoints(data));
  const names = namesOf(place, data);
  chart(place, frame(names, data, t("days"), series, true), {
    title: t("Time door to door, by pair"),
    data,
    height: data.length * names.row + AXIS_PX,
    description: t("For each pair the range that eight of ten journeys stay in, and the mean; the table of itineraries has the same numbers."),
  });
}

function referencePoints(data: Row[]): object {
  return {
    type: "scatter",
    name: t("reference"),
    data: data.map((row) => row["reference_mean_days"]),
    symbol: "emptyCircle",
    symbolSize: 9,
    itemStyle: { color: palette[1], borderColor: palette[1] },
  };
}

/** Change of the mean time, for the pairs where most changed. */
function changes(place: HTMLElement, pairs: PairFigures[], reference: Reference, most: number): void {
  const changed = pairs.filter(({ id, best }) => differs(best, bestOf(reference.doc, id)));
  if (!changed.length) {
    place.append(h("p", { class: "app-nothing" }, t("No pair differs from the reference.")));
    return;
  }
  const data: Row[] = changed
    .map(({ id, name, best }) => {
      const then = bestOf(reference.doc, id);
      const hours = difference(best, then, "mean_h");
      return {
        pair_id: id,
        pair: name,
        change_days: hours === null ? null : hours / HOURS_PER_DAY,
        change_usd_per_teu: difference(best, then, "cost_usd_per_teu"),
        change_co2e_kg_per_teu: difference(best, then, "co2e_kg_per_teu"),
      };
    })
    .sort((a, b) => Math.abs(Number(b.change_days)) - Math.abs(Number(a.change_days)))
    .slice(0, most)
    .sort((a, b) => Number(a.change_days) - Number(b.change_days));
  const bars = data.map((row) => ({
    value: row["change_days"],
    itemStyle: { color: Number(row["change_days"]) > 0 ? palette[1] : palette[2] },
  }));
  const series = [{ type: "bar", name: t("change"), data: bars, barWidth: 12 }];
  const names = namesOf(place, data);
  chart(place, frame(names, data, t("days"), series, false), {
    title: t("Change of the mean time against the reference"),
    data,
    height: data.length * names.row + AXIS_PX,
    description: t("Bars to the left are faster than the reference, bars to the right slower."),
  });
}

function namesOf(place: HTMLElement, data: Row[]): NameAxis {
  return nameAxis(place, data.map((row) => String(row["pair"])), NAME_PX);
}

/** Pairs from top to bottom, values from left to right. */
function frame(
  names: NameAxis,
  data: Row[],
  unit: string,
  series: object[],
  legend: boolean,
): EChartsCoreOption {
  const shown = series.flatMap((one) => ("name" in one ? [String(one.name)] : []));
  return {
    grid: { left: names.left, right: 16, top: legend ? 32 : 12, bottom: 44 },
    legend: legend ? { top: 0, left: 0, data: shown } : undefined,
    tooltip: {
      trigger: "axis",
      axisPointer: { type: "shadow" },
      formatter: (hits: { dataIndex: number }[]) => tip(data[hits[0]?.dataIndex ?? 0]),
    },
    xAxis: {
      type: "value",
      name: unit,
      nameLocation: "middle",
      nameGap: 26,
      axisLabel: { formatter: (v: number) => num(v, v % 1 ? 1 : 0) },
    },
    yAxis: names.axis,
    series,
  };
}

function tip(row: Row | undefined): HTMLElement {
  if (!row) return tooltipBox("", []);
  const inHours = (key: string): string => days((number(row[key]) ?? NaN) * HOURS_PER_DAY);
  const lines: [string, string][] = [];
  if (row["mean_days"] !== undefined) {
    lines.push([t("mean"), t("{days} days", { days: inHours("mean_days") })]);
    lines.push([t("eight in ten"), t("{low} to {high} days", { low: inHours("p10_days"), high: inHours("p90_days") })]);
    if (row["reference_mean_days"] !== null) lines.push([t("reference"), t("{days} days", { days: inHours("reference_mean_days") })]);
  } else {
    lines.push([t("time"), t("{days} days", { days: inHours("change_days") })]);
    lines.push([t("freight"), t("{cost} USD", { cost: num(number(row["change_usd_per_teu"])) })]);
    lines.push([t("CO2e"), t("{kg} kg", { kg: num(number(row["change_co2e_kg_per_teu"])) })]);
  }
  return tooltipBox(String(row["pair"]), lines);
}
