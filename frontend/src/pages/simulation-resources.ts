/** What one more of everything would save, and how everything was used. */

import { chart, tooltipBox } from "../core/chart";
import { number, type Row } from "../core/document";
import { button, h } from "../core/dom";
import { intervals, nameAxis } from "../core/drawing";
import type { Context } from "../core/pages";
import { bracketed, clauses, colon } from "../core/phrases";
import { estimate, estimateText, gainOf, gainWord, hoursText, rangeText, resourceWord, servedWord, shareText, simulatedName, simulatedTable } from "../core/simulation";
import { rowDialog } from "../core/sources";
import { dataTable, FOLDED } from "../core/table";
import { num, percent, t } from "../core/texts";
import { colours, palette } from "../core/theme";
import { measureLinks, measureTitles } from "./measure-links";

/** Bottlenecks that the chart shows; the table has all. */
const MOST_DRAWN = 12;
const SIGNS = { saves: ["good", "✓"], costs: ["bad", "✗"], noise: ["none", "≈"] } as const;

export function bottlenecks(root: HTMLElement, ctx: Context): void {
  const rows = [...ctx.doc.table("simulated_bottlenecks")].sort((a, b) => Number(a.rank) - Number(b.rank));
  if (rows.length === 0) return;
  root.append(
    h("h2", {}, t("Bottlenecks: what one more would save")),
    h("p", { class: "main-share" }, firstText(ctx, rows)),
    h("p", { class: "hint" }, t("Each was enlarged alone, with the same storms, delays and arrivals before and after; the hours are the mean of all simulated journeys, per TEU. Where the interval holds zero, the change is not more than noise.")),
  );
  gainChart(root, ctx, rows.slice(0, MOST_DRAWN));
  gainTable(root, ctx, rows);
}

function firstText(ctx: Context, rows: Row[]): string {
  const first = rows.find((row) => gainOf(row) === "saves");
  if (!first) return t("No single addition saves more than noise.");
  const hours = estimateText(estimate(first, "saved", "_h"), hoursText);
  return t("Most is saved by {step} more at {where}: {hours} hours a TEU.", { step: num(number(first.step)), where: simulatedName(ctx.doc, first), hours });
}

function gainChart(root: HTMLElement, ctx: Context, rows: Row[]): void {
  const names = nameAxis(root, rows.map((row) => simulatedName(ctx.doc, row)), 340);
  const gains = rows.map((row) => estimate(row, "saved", "_h"));
  const c = colours();
  const ends = gains.flatMap(({ low, high }, i) => (low === null || high === null ? [] : [[low, high, i]]));
  const hint = (row: Row, i: number): HTMLElement => tooltipBox(simulatedName(ctx.doc, row), [[t("hours saved a TEU"), estimateText(gains[i]!, hoursText)], [t("verdict"), gainWord(gainOf(row))]]);
  chart(
    root,
    {
      grid: { left: names.left, right: 24, top: 8, bottom: 44 },
      xAxis: { type: "value", name: t("hours saved a TEU"), nameLocation: "middle", nameGap: 26, axisLabel: { formatter: (v: number) => num(v, Number.isInteger(v) ? 0 : 1), hideOverlap: true } },
      yAxis: names.axis,
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, formatter: (hits: { dataIndex: number }[]) => hint(rows[hits[0]?.dataIndex ?? 0]!, hits[0]?.dataIndex ?? 0) },
      series: [
        intervals(t("interval"), ends, { colour: c.text, width: 1.5, ends: true }),
        // What is within noise is hollow: colour does not say it alone.
        { type: "scatter", symbolSize: 10, z: 4, data: rows.map((row, i) => ({ value: [gains[i]!.value ?? 0, i], itemStyle: dot(row) })), markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: c.muted, type: "dashed" }, data: [{ xAxis: 0 }] } },
      ],
    },
    {
      title: t("Hours saved a TEU by one more of each"),
      data: rows.map((row) => ({ name: simulatedName(ctx.doc, row), ...row })),
      height: 60 + rows.length * names.row,
      description: clauses(rows.map((row, i) => colon(simulatedName(ctx.doc, row), `${estimateText(gains[i]!, hoursText)} ${gainWord(gainOf(row))}`))),
    },
  );
}

function dot(row: Row): object {
  const c = colours();
  return gainOf(row) === "noise" ? { color: c.surface, borderColor: c.muted, borderWidth: 2 } : { color: palette[0] };
}

function gainTable(root: HTMLElement, ctx: Context, all: Row[]): void {
  const rows = all.map((row) => ({ ...row, name: simulatedName(ctx.doc, row), gain: gainOf(row) })) as Row[];
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "rank", title: t("rank"), kind: "number", fold: 4 },
      { key: "name", title: t("what there is one more of"), draw: (row) => nameButton(ctx, row) },
      { key: "saved_h", title: t("hours saved a TEU"), kind: "number", digits: 1 },
      { key: "saved_low_h", title: t("interval"), kind: "number", text: (row) => rangeText(estimate(row, "saved", "_h"), hoursText), fold: 1 },
      { key: "gain", title: t("verdict"), text: gainText, draw: gainMark, fold: 2 },
      { key: "measures", title: t("measures that change it"), text: (row) => measureTitles(ctx, row.measures), draw: (row) => measureLinks(ctx, row.measures), fold: 3 },
      { key: "step", title: t("tried: more"), kind: "number", fold: FOLDED },
      { key: "replications", title: t("replications of the pair"), kind: "number", fold: FOLDED },
    ],
    { caption: t("What one more of each saves"), file: "karvan-simulated-bottlenecks", pageSize: 15, filter: rows.length > 15, choices: ["gain"], saved: ["saved_high_h", "kind", "id", "from_node", "to_node", "resource"] },
  );
}

function gainText(row: Row): string {
  return gainWord(gainOf({ ...row }));
}

function gainMark(row: Row): HTMLElement {
  const [look, sign] = SIGNS[gainOf(row)];
  return h("span", { class: `mark ${look}` }, h("span", { "aria-hidden": "true" }, `${sign} `), gainText(row));
}

function nameButton(ctx: Context, row: Row): HTMLElement {
  const table = simulatedTable(row);
  // A place where no row stands, as a border of its own, has nothing to open.
  if (!table || !ctx.doc.row(table, String(row.id))) return h("span", {}, String(row.name));
  return button(String(row.name), () => rowDialog(ctx, table, String(row.id)), { class: "link", "aria-haspopup": "dialog" });
}

/** Everything that serves, the busiest first. */
export function resources(root: HTMLElement, ctx: Context): void {
  const own = ctx.doc.table("simulated_resources");
  if (own.length === 0) return;
  const rows = own.map((row) => ({ ...row, name: simulatedName(ctx.doc, row), unit: servedWord(row.unit), what: resourceWord(row.resource) })) as Row[];
  rows.sort((a, b) => (number(b.busy_share) ?? 0) - (number(a.busy_share) ?? 0));
  root.append(h("h2", {}, t("Resources")), h("p", { class: "hint" }, t("Waits are those of what is served. For vessels and wagon sets they are those of the boxes and wagons of cargo that stand there for one, and so is the number waiting.")));
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "name", title: t("resource"), draw: (row) => nameButton(ctx, row) },
      { key: "busy_share", title: t("utilization"), kind: "number", text: (row) => shareText(number(row.busy_share)), draw: busyBar },
      { key: "busy_low_share", title: bracketed(t("interval"), t("utilization")), kind: "number", text: (row) => rangeText(estimate(row, "busy", "_share"), shareText), fold: 6 },
      { key: "servers", title: t("servers"), kind: "number", fold: 4 },
      { key: "passed", title: t("served in a year"), kind: "number", fold: 2 },
      { key: "unit", title: t("unit"), fold: 3 },
      { key: "wait_h", title: t("wait, h"), kind: "number", digits: 1, fold: 1 },
      { key: "wait_low_h", title: bracketed(t("interval"), t("wait, h")), kind: "number", text: (row) => rangeText(estimate(row, "wait", "_h"), hoursText), fold: 7 },
      { key: "waiting", title: t("waiting, mean"), kind: "number", digits: 1, fold: 5 },
      { key: "passed_teu_per_year", title: t("TEU a year"), kind: "number", fold: FOLDED },
      { key: "growth_per_day", title: t("growth of the line a day"), kind: "number", digits: 1, fold: FOLDED },
      { key: "what", title: t("kind"), fold: FOLDED },
    ],
    { caption: t("All resources of the simulation"), file: "karvan-simulated-resources", filter: true, pageSize: 15, choices: ["what"], saved: ["busy_high_share", "passed_low", "passed_high", "wait_high_h", "kind", "id", "from_node", "to_node", "resource"] },
  );
}

function busyBar(row: Row): HTMLElement {
  const share = number(row.busy_share);
  if (share === null) return h("span", { class: "used muted" }, "–");
  const fill = h("span", { class: "used-fill" });
  fill.style.width = `${Math.min(100, 100 * share)}%`;
  return h("span", { class: "used" }, h("span", { class: "used-bar", "aria-hidden": "true" }, fill), percent(share));
}
