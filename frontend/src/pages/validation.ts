/** Validation: what the world reported, and what the model says. */

import { chart, tooltipBox } from "../core/chart";
import { type Cell, number, type Row } from "../core/document";
import { h } from "../core/dom";
import { intervals, nameAxis } from "../core/drawing";
import { type Context, registerPage } from "../core/pages";
import { bracketed, clauses, colon, listed } from "../core/phrases";
import { chainText } from "../core/routes";
import { type Column, dataTable, FOLDED } from "../core/table";
import { fromData, num, t } from "../core/texts";
import { colours, palette } from "../core/theme";
import { cap, unit, word } from "../core/words";
import { periodText } from "./periods";

registerPage({ id: "validation", order: 60, title: () => t("Validation"), needs: ["evidence"], render });

const HOURS_PER_DAY = 24;
/** Columns of the simulation; runs of earlier versions have none. */
const SIMULATED = ["simulated", "simulated_low", "simulated_high"];
const VALUES = ["expected", "expected_low", "expected_high", "modelled", "modelled_low", "modelled_high", ...SIMULATED];
const ROLES = ["held_out", "calibration", "input"];
/** A fact that is many times off would press all others to one line: it stands at the edge, with its number. */
const EDGE = 3;

function render(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("validation").map((row) => enriched(ctx, row));
  if (rows.length === 0) {
    root.append(h("p", { class: "notice" }, t("The run compares nothing with reported facts.")));
    return;
  }
  root.append(h("p", {}, t("Each fact is divided by the reported value: 1 is as reported. The band is what is accepted, the line the range of 8 of 10 cases where the model gives one. A dot lies inside of the band, a hollow diamond outside.")));
  if (simulated(rows)) root.append(h("p", { class: "hint" }, t("Triangles are what the simulation says, with the interval of its mean; hollow ones lie outside of what is accepted.")));
  summary(root, rows);
  for (const role of ROLES) ratioChart(root, rows, role);
  table(root, ctx, rows);
}

/** Add name, sources and note of the fact, and put the places of the detail into words. */
function enriched(ctx: Context, row: Row): Row {
  const fact = ctx.doc.row("input_validation", String(row.id));
  // Hours of the tables are days on the pages.
  const hours = row.unit === "h";
  const scaled = Object.fromEntries(VALUES.map((key) => [key, hours ? inDays(row[key]) : (row[key] ?? null)]));
  return {
    ...row,
    ...scaled,
    name: datedName(ctx.doc.name("input_validation", String(row.id)), String(fact?.year ?? "")),
    year: periodText(String(fact?.year ?? "")),
    source_id: fact?.source_id ?? null,
    range: rangeText(number(scaled.expected_low), number(scaled.expected_high)),
    modelled_range: number(scaled.modelled_low) === null ? null : rangeText(number(scaled.modelled_low), number(scaled.modelled_high)),
    simulated_range: number(scaled.simulated_low) === null ? null : rangeText(number(scaled.simulated_low), number(scaled.simulated_high)),
    unit: hours ? t("days") : unit(row.unit),
    detail: fromData(chainText(ctx.doc, String(row.detail ?? ""))),
  };
}

/** A year's total says of which year it is: two facts of one port would look alike. */
function datedName(name: string, period: string): string {
  return /^\d{4}$/.test(period) && !name.includes(period) ? bracketed(name, period) : name;
}

/** Whether the simulation says anything of these facts. */
function simulated(rows: Row[]): boolean {
  return rows.some((row) => number(row.simulated) !== null);
}

function inDays(hours: Cell | undefined): number | null {
  const value = number(hours);
  return value === null ? null : value / HOURS_PER_DAY;
}

function rangeText(low: number | null, high: number | null): string {
  return low === high ? shortNumber(low) : `${shortNumber(low)}–${shortNumber(high)}`;
}

function shortNumber(value: number | null): string {
  return num(value, value !== null && Math.abs(value) < 100 ? 1 : 0);
}

function summary(root: HTMLElement, rows: Row[]): void {
  const explain: Record<string, string> = {
    held_out: t("the model never saw the fact"),
    calibration: t("the model was fitted to the fact"),
    input: t("the fact is an input, so it checks the chain and not the model"),
  };
  const list = h("ul", {});
  for (const role of ROLES) {
    const own = rows.filter((row) => row.role === role);
    const modelled = own.filter((row) => number(row.modelled) !== null);
    const inside = modelled.filter((row) => row.verdict === "inside").length;
    const missing = own.length - modelled.length;
    if (own.length === 0) continue;
    const parts = [t("{inside} of {count} inside", { inside, count: modelled.length })];
    if (missing > 0) parts.push(t("Not modelled yet: {count}", { count: missing }));
    const name = bracketed(cap(word(role)), explain[role] ?? "");
    const played = own.filter((row) => number(row.simulated) !== null);
    if (played.length > 0) parts.push(t("simulated: {inside} of {count} inside", { inside: played.filter((row) => row.simulated_verdict === "inside").length, count: played.length }));
    list.append(h("li", {}, colon(name, clauses(parts))));
  }
  root.append(list);
}

function ratioChart(root: HTMLElement, all: Row[], role: string): void {
  const rows = all.filter((row) => row.role === role && number(row.modelled) !== null && number(row.expected));
  if (rows.length === 0) return;
  const ratio = (row: Row, column: string) => (number(row[column]) ?? NaN) / (number(row.expected) ?? NaN);
  rows.sort((a, b) => ratio(a, "modelled") - ratio(b, "modelled"));
  const names = nameAxis(root, rows.map((row) => String(row.name)), 380);
  const shown = (row: Row, column: string) => Math.min(ratio(row, column), EDGE);
  const spread = rows.map((row, i) => [shown(row, "modelled_low"), shown(row, "modelled_high"), i]).filter((x) => Number.isFinite(x[0]));
  const most = Math.max(1.5, ...rows.map((row) => Math.max(shown(row, "modelled"), shown(row, "expected_high"), number(row.simulated) === null ? 0 : shown(row, "simulated"))));
  chart(
    root,
    {
      grid: { left: names.left, right: 20, top: 8, bottom: 44 },
      xAxis: { type: "value", min: 0, max: Math.ceil(most * 4) / 4, name: t("modelled / reported"), nameLocation: "middle", nameGap: 28, axisLabel: { formatter: (v: number) => num(v, 1), hideOverlap: true } },
      yAxis: names.axis,
      tooltip: { trigger: "item", formatter: (p: { value: [number, number] }) => tip(rows[p.value[1]]!) },
      series: [
        intervals(t("accepted"), rows.map((row, i) => [shown(row, "expected_low"), shown(row, "expected_high"), i]), { colour: colours().line, width: 13, ends: false, z: 1 }),
        intervals(t("8 of 10 cases"), spread, { colour: palette[0]!, width: 1.5, ends: true, z: 3 }),
        points(rows, ratio, "inside"),
        points(rows, ratio, "outside"),
        ...(simulated(rows) ? simulatedSeries(rows, shown) : []),
      ],
    },
    {
      title: colon(cap(word(role)), t("modelled against reported")),
      data: rows,
      height: 60 + rows.length * names.row,
      description: clauses(rows.map((row) => listed([colon(String(row.name), num(ratio(row, "modelled"), 2)), word(row.verdict)]))),
    },
  );
}

/** Facts inside are filled circles, those outside hollow diamonds: form tells them apart, not colour alone. */
function points(rows: Row[], ratio: (row: Row, column: string) => number, verdict: "inside" | "outside"): object {
  const inside = verdict === "inside";
  return {
    type: "scatter",
    name: word(verdict),
    z: 5,
    symbol: inside ? "circle" : "diamond",
    symbolSize: inside ? 11 : 15,
    itemStyle: inside ? { color: palette[0] } : { color: colours().surface, borderColor: palette[1], borderWidth: 2.5 },
    data: rows.flatMap((row, i) => (row.verdict === verdict ? [point(ratio(row, "modelled"), i)] : [])),
    markLine: {
      silent: true,
      symbol: "none",
      label: { show: false },
      lineStyle: { color: colours().muted, type: "dashed" },
      data: [{ xAxis: 1 }],
    },
  };
}

/** What the simulation says, above the points of the other engines, with the interval of its mean. */
function simulatedSeries(rows: Row[], shown: (row: Row, column: string) => number): object[] {
  const colour = palette[2]!;
  const ends = rows.map((row, i) => [shown(row, "simulated_low"), shown(row, "simulated_high"), i]).filter((x) => Number.isFinite(x[0]) && Number.isFinite(x[1]));
  const look = (row: Row): object => (row.simulated_verdict === "inside" ? { color: colour } : { color: colours().surface, borderColor: colour, borderWidth: 2.5 });
  const data = rows.flatMap((row, i) => (number(row.simulated) === null ? [] : [{ value: [shown(row, "simulated"), i], itemStyle: look(row) }]));
  return [
    intervals(t("interval"), ends, { colour, width: 1.5, ends: true, z: 4 }),
    { type: "scatter", name: t("simulated"), z: 6, symbol: "triangle", symbolSize: 13, data },
  ];
}

/** A point of the chart; one beyond the edge says how far it is. */
function point(ratio: number, place: number): object {
  if (ratio <= EDGE) return { value: [ratio, place] };
  const label = { show: true, position: "left", color: colours().text, formatter: `${num(ratio, 1)} →` };
  return { value: [EDGE, place], label };
}

function tip(row: Row): HTMLElement {
  return tooltipBox(String(row.name), [
    [t("reported"), `${shortNumber(number(row.expected))} ${String(row.unit)}`],
    [t("accepted"), `${String(row.range)} ${String(row.unit)}`],
    [t("modelled"), `${shortNumber(number(row.modelled))} ${String(row.unit)}`],
    [t("verdict"), word(row.verdict)],
    ...(number(row.simulated) === null ? [] : [[t("simulated"), simulatedText(row)] as [string, string], [t("verdict of the simulation"), word(row.simulated_verdict)] as [string, string]]),
  ]);
}

function simulatedText(row: Row): string {
  const value = `${shortNumber(number(row.simulated))} ${String(row.unit)}`;
  return row.simulated_range ? bracketed(value, String(row.simulated_range)) : value;
}

function table(root: HTMLElement, ctx: Context, rows: Row[]): void {
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "id", title: t("fact"), kind: "row", table: "input_validation" },
      { key: "expected", title: t("reported"), text: (row) => shortNumber(number(row.expected)), kind: "number", fold: 1 },
      { key: "year", title: t("period"), fold: 4 },
      { key: "range", title: t("accepted"), fold: 3 },
      { key: "modelled", title: t("modelled"), text: (row) => shortNumber(number(row.modelled)), kind: "number", fold: 1 },
      { key: "modelled_range", title: t("8 of 10 cases"), fold: 4 },
      ...(simulated(rows) ? simulatedColumns() : []),
      { key: "unit", title: t("unit"), fold: 2 },
      { key: "verdict", title: t("verdict"), kind: "verdict" },
      { key: "role", title: t("role"), kind: "word", fold: 5 },
      { key: "source_id", title: t("sources"), kind: "sources", fold: 6 },
      { key: "quantity", title: t("quantity"), kind: "word", fold: FOLDED },
      { key: "detail", title: t("from"), fold: FOLDED },
    ],
    {
      caption: t("What the world reported, and what the model says"),
      file: "karvan-validation",
      filter: true,
      pageSize: 60,
      choices: ["role", "verdict"],
    },
  );
}

function simulatedColumns(): Column[] {
  return [
    { key: "simulated", title: t("simulated"), text: (row) => (number(row.simulated) === null ? "" : shortNumber(number(row.simulated))), kind: "number", fold: 1 },
    { key: "simulated_range", title: t("interval"), fold: 4 },
    { key: "simulated_verdict", title: t("verdict of the simulation"), kind: "verdict", fold: 2 },
  ];
}
