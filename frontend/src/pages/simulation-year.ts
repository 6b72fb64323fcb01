/** Through the year: what passes the corridor each month, and how busy everything is. */

import { chart, tooltipBox } from "../core/chart";
import { columnsOf, downloadCsv } from "../core/csv";
import { number, type Row } from "../core/document";
import { button, h, select } from "../core/dom";
import { uprights } from "../core/drawing";
import { alternativeName, mainAlternative } from "../core/flows";
import { kept } from "../core/kept";
import type { Context } from "../core/pages";
import { clauses, colon } from "../core/phrases";
import { markWide, scrollPlace, sidewaysNote } from "../core/scrolling";
import { estimate, type Estimate, estimateText, rangeText, simulatedKey, simulatedName, shareText } from "../core/simulation";
import { large, monthText, num, t } from "../core/texts";
import { colours, palette } from "../core/theme";
import { cap, unit } from "../core/words";

const MONTHS = Array.from({ length: 12 }, (_, i) => i + 1);
const CORRIDOR = "corridor";

export function throughput(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("simulated_months").filter((row) => row.kind === CORRIDOR);
  const ids = [...new Set(rows.map((row) => String(row.id)))];
  if (ids.length === 0) return;
  const main = mainAlternative(ctx.doc);
  const state = kept("simulation throughput", () => ({ id: "" }));
  if (!ids.includes(state.id)) state.id = main !== undefined && ids.includes(main) ? main : ids[0]!;
  const place = h("div", {});
  const draw = (): void => {
    place.replaceChildren();
    monthChart(place, alternativeName(ctx.doc, state.id), rows.filter((row) => row.id === state.id));
  };
  root.append(h("h2", {}, t("Throughput by month")));
  if (ids.length > 1) {
    const options = ids.map((id) => ({ value: id, text: alternativeName(ctx.doc, id) }));
    const choice = select(t("Route"), options, state.id, (id) => {
      state.id = id;
      draw();
    });
    root.append(h("div", { class: "controls" }, choice));
  }
  root.append(place);
  draw();
}

function monthChart(place: HTMLElement, name: string, rows: Row[]): void {
  const months = MONTHS.map((month) => estimate(rows.find((row) => row.month === month), "passed", "_teu"));
  const write = (value: number | null): string => num(value);
  const sum = months.reduce((all, month) => all + (month.value ?? 0), 0);
  place.append(h("p", {}, t("{name} brings {teu} TEU to their destinations in a year; loose cargo counts as the boxes that would hold its weight.", { name, teu: num(sum) })));
  chart(
    place,
    {
      grid: { left: 64, right: 16, top: 16, bottom: 30 },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, formatter: (hits: { dataIndex: number }[]) => monthTip(hits[0]?.dataIndex ?? 0, months, write) },
      xAxis: { type: "category", data: MONTHS.map(monthText), axisTick: { show: false } },
      yAxis: { type: "value", min: 0, axisLabel: { formatter: (v: number) => large(v) } },
      series: [
        { type: "bar", name: unit("TEU"), barWidth: "60%", itemStyle: { color: palette[0] }, data: months.map(({ value }) => value ?? 0) },
        uprights(t("interval"), months.map(({ low, high }, i) => [i, low, high]), { colour: colours().text, width: 1.2 }),
      ],
    },
    {
      title: colon(t("TEU that arrived, by month"), name),
      data: rows,
      height: 280,
      description: clauses(months.map((month, i) => colon(monthText(i + 1), estimateText(month, write)))),
    },
  );
}

function monthTip(index: number, months: Estimate[], write: (value: number | null) => string): HTMLElement {
  const month = months[index]!;
  return tooltipBox(monthText(index + 1), [
    [unit("TEU"), write(month.value)],
    [t("interval"), rangeText(month, write)],
  ]);
}

/** Resources that the heat map shows; the table below it has all. */
const MOST_ROWS = 25;
const LEAST_BUSY = 0.02;
/** Part of the strongest colour at full use: texts stay readable on it. */
const STRONGEST = 42;

export function utilization(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("simulated_months").filter((row) => row.kind !== CORRIDOR && number(row.busy_share) !== null);
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(simulatedKey(row), [...(groups.get(simulatedKey(row)) ?? []), row]);
  const peak = (own: Row[]): number => Math.max(...own.map((row) => number(row.busy_share) ?? 0));
  const busy = [...groups.values()].filter((own) => peak(own) >= LEAST_BUSY).sort((a, b) => peak(b) - peak(a));
  if (busy.length === 0) return;
  const shown = busy.slice(0, MOST_ROWS);
  const caption = t("Utilization by month, %");
  root.append(
    h("h2", {}, t("How busy it is through the year")),
    h("p", {}, t("Part of the time that is in use, in percent; the stronger the colour, the busier. Where it nears 100, lines form. A track is full by its declared capacity at 75, unless the case says otherwise: the rest lets trains catch up.")),
    heat(ctx, shown, caption, busy.length, rows),
  );
}

function heat(ctx: Context, shown: Row[][], caption: string, of: number, rows: Row[]): HTMLElement {
  const head = h("tr", {}, h("th", { scope: "col" }, cap(t("resource"))), ...MONTHS.map((month) => h("th", { scope: "col" }, monthText(month))));
  const body = h("tbody", {}, ...shown.map((own) => heatRow(ctx, own)));
  const place = scrollPlace(caption, h("table", { class: "busy-heat" }, h("caption", { class: "hidden" }, caption), h("thead", {}, head), body));
  new ResizeObserver(() => markWide(place)).observe(place);
  const count = shown.length < of ? h("span", { class: "muted" }, t("The {shown} busiest of {count}.", { shown: shown.length, count: of })) : null;
  const save = button("CSV", () => downloadCsv("karvan-simulated-months", columnsOf(rows), rows), { title: t("Save the data (CSV)") });
  return h(
    "div",
    { class: "data-table" },
    h("div", { class: "table-head" }, h("div", { class: "table-title", "aria-hidden": "true" }, caption), h("div", { class: "table-tools" }, save)),
    place,
    h("div", { class: "table-foot" }, count, sidewaysNote()),
  );
}

function heatRow(ctx: Context, own: Row[]): HTMLElement {
  const cells = MONTHS.map((month) => {
    const e = estimate(own.find((row) => row.month === month), "busy", "_share");
    const cell = h("td", { title: estimateText(e, shareText) }, e.value === null ? "–" : num(100 * e.value));
    cell.style.setProperty("--part", `${STRONGEST * Math.min(1, e.value ?? 0)}%`);
    return cell;
  });
  return h("tr", {}, h("th", { scope: "row" }, simulatedName(ctx.doc, own[0]!)), ...cells);
}

