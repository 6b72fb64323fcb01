/** Where the time of a journey goes: each step of its way, by cause. */

import { chart, tooltipBox } from "../core/chart";
import { number, type Row } from "../core/document";
import { h } from "../core/dom";
import { legendRows, nameAxis } from "../core/drawing";
import type { Context } from "../core/pages";
import { clauses, colon, listed } from "../core/phrases";
import { CAUSES, causeName, estimate, estimateText, hoursText, rangeText, stepName } from "../core/simulation";
import { dataTable } from "../core/table";
import { days, num, t } from "../core/texts";
import { colours, palette } from "../core/theme";

const LEGEND_ROW_PX = 22;
const BAR_PX = 14;
/** Sides of the box around a chart. */
const BOX_PX = 40;
/** Shorter times are not named in sentences. */
const LEAST_H = 1.2;

interface Step {
  name: string;
  total: number;
  /** The row of each cause. */
  causes: Map<string, Row>;
}

export function waits(root: HTMLElement, ctx: Context, journey: Row, name: string): void {
  const rows = ctx.doc.table("simulated_waits").filter((row) => row.journey_id === journey.journey_id);
  const steps = stepsOf(ctx, rows);
  if (steps.length === 0) return;
  root.append(h("h2", {}, t("Where the time goes")), h("p", {}, sumText(steps)));
  fittedNote(root, ctx, rows);
  root.append(h("p", { class: "hint" }, t("A wait is the mean of everybody who passes the place, so the parts add up to the mean of the journey within a few percent.")));
  stepChart(root, steps, causesIn(steps), name, rows);
  waitTable(root, ctx, rows);
}

function stepsOf(ctx: Context, rows: Row[]): Step[] {
  const steps = new Map<number, Step>();
  for (const row of [...rows].sort((a, b) => Number(a.step) - Number(b.step))) {
    const place = Number(row.step);
    // The number keeps apart two steps at one place.
    const step = steps.get(place) ?? { name: `${num(place)}. ${stepName(ctx.doc, row)}`, total: 0, causes: new Map<string, Row>() };
    steps.set(place, step);
    step.causes.set(String(row.cause), row);
    step.total += number(row.mean_h) ?? 0;
  }
  return [...steps.values()];
}

/** Tables of the rows that steps stand for. */
const SUBJECTS: Record<string, string> = { transfer: "transfers", border: "transfers", terminal: "terminals" };
const SPENT = ["handling", "customs"];

/** Name the times of a journey that were calibrated: a reader would take them for observations. */
function fittedNote(root: HTMLElement, ctx: Context, rows: Row[]): void {
  const operations = ctx.doc.table("input_operations").filter((row) => row.status === "calibrated");
  const fitted = new Set(operations.map((row) => `${String(row.subject_table)} ${String(row.subject_id)}`));
  const hours = new Map<string, number>();
  for (const row of rows) {
    if (!SPENT.includes(String(row.cause)) || !fitted.has(`${SUBJECTS[String(row.kind)]} ${String(row.id)}`)) continue;
    const name = stepName(ctx.doc, row);
    hours.set(name, (hours.get(name) ?? 0) + (number(row.mean_h) ?? 0));
  }
  if (hours.size === 0) return;
  const parts = clauses([...hours].map(([name, sum]) => colon(name, t("{hours} h", { hours: hoursText(sum) }))));
  root.append(h("p", { class: "hint" }, t("Not measured, but chosen so that the reported times of journeys come out: {parts}.", { parts })));
}

/** The causes that occur, those known in their order. */
function causesIn(steps: Step[]): string[] {
  const found = new Set(steps.flatMap(({ causes }) => [...causes.keys()]));
  return [...CAUSES.filter((cause) => found.has(cause)), ...[...found].filter((cause) => !(CAUSES as readonly string[]).includes(cause))];
}

/** Say how the time of all steps divides by cause, the largest part first. */
function sumText(steps: Step[]): string {
  const sums = causesIn(steps).map((cause): [string, number] => [cause, steps.reduce((sum, step) => sum + (number(step.causes.get(cause)?.mean_h) ?? 0), 0)]);
  const total = sums.reduce((sum, [, hours]) => sum + hours, 0);
  const named = sums.filter(([, hours]) => hours >= LEAST_H).sort((a, b) => b[1] - a[1]);
  return t("Of {total} days in the mean: {parts}.", { total: days(total), parts: clauses(named.map(([cause, hours]) => colon(causeName(cause), t("{days} days", { days: days(hours) })))) });
}

function look(cause: string): object {
  const c = colours();
  const hatch = (rotation: number) => ({ symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation, color: c.surface });
  const looks: Record<string, object> = {
    moving: { color: palette[0] },
    handling: { color: palette[2] },
    customs: { color: palette[3] },
    queue: { color: palette[1] },
    batch: { color: palette[4] },
    pool: { color: palette[4], decal: hatch(Math.PI / 4) },
    closure: { color: c.muted },
    blocked: { color: palette[1], decal: hatch(-Math.PI / 4) },
  };
  return looks[cause] ?? { color: c.muted };
}

function stepChart(root: HTMLElement, steps: Step[], causes: string[], name: string, rows: Row[]): void {
  const names = nameAxis(root, steps.map((step) => step.name), 300);
  const legend = legendRows(causes.map(causeName), root.clientWidth - BOX_PX) * LEGEND_ROW_PX;
  const parts = (step: Step): [string, string][] =>
    causes.flatMap((cause): [string, string][] => {
      const row = step.causes.get(cause);
      return row ? [[causeName(cause), t("{hours} h", { hours: estimateText(estimate(row, "mean", "_h"), hoursText) })]] : [];
    });
  chart(
    root,
    {
      grid: { left: names.left, right: 24, top: legend + 12, bottom: 44 },
      legend: { top: 0, left: 0, selectedMode: false },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, formatter: (hits: { dataIndex: number }[]) => stepTip(steps[hits[0]?.dataIndex ?? 0]!, parts) },
      xAxis: { type: "value", name: t("hours, mean"), nameLocation: "middle", nameGap: 26, axisLabel: { formatter: (v: number) => num(v), hideOverlap: true } },
      yAxis: names.axis,
      series: causes.map((cause) => ({
        type: "bar",
        stack: "time",
        name: causeName(cause),
        barWidth: BAR_PX,
        itemStyle: look(cause),
        data: steps.map((step) => number(step.causes.get(cause)?.mean_h) ?? 0),
      })),
    },
    {
      title: colon(t("Time by step and cause, hours"), name),
      data: rows,
      height: legend + 72 + steps.length * names.row,
      description: clauses(steps.map((step) => colon(step.name, listed(parts(step).map(([cause, hours]) => colon(cause, hours)))))),
    },
  );
}

function stepTip(step: Step, parts: (step: Step) => [string, string][]): HTMLElement {
  return tooltipBox(colon(step.name, t("{hours} h", { hours: hoursText(step.total) })), parts(step));
}

function waitTable(root: HTMLElement, ctx: Context, all: Row[]): void {
  const rows = all.map((row) => ({ ...row, name: stepName(ctx.doc, row) }));
  rows.sort((a, b) => Number((a as Row).step) - Number((b as Row).step));
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "step", title: t("step"), kind: "number", fold: 3 },
      { key: "name", title: t("place or way") },
      { key: "cause", title: t("cause"), text: (row) => causeName(String(row.cause)) },
      { key: "mean_h", title: t("hours, mean"), kind: "number", digits: 1 },
      { key: "mean_low_h", title: t("interval"), kind: "number", text: (row) => rangeText(estimate(row, "mean", "_h"), hoursText), fold: 1 },
    ],
    { caption: t("Time by step and cause"), file: "karvan-simulated-waits", pageSize: 10, choices: ["cause"], saved: ["mean_high_h", "kind", "id", "node", "to_node", "journey_id"] },
  );
}
