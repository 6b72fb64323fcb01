/** A series with all its observations: sources that contradict each other stand side by side. */

import { clear, h, select } from "../core/dom";
import type { Row } from "../core/document";
import { registerPage, type Context } from "../core/pages";
import { dataTable } from "../core/table";
import { chart } from "../core/chart";
import { field, fromData, lang, num, t } from "../core/texts";
import { palette } from "../core/theme";
import { cap, unit, word } from "../core/words";
import { seriesChart } from "./series-chart";
import { numberText, periodText } from "./reasons";
import { PILLARS, pillarTitle, tableWord } from "./words";
import "./reading.css";

const MOST_LISTED = 200;

registerPage({ id: "evidence", title: () => t("Evidence"), order: 70, render });

interface Listed {
  id: string;
  name: string;
  pillar: string;
  count: number;
  /** Values that are kept but not used, because another source says otherwise. */
  disputed: number;
}

function render(root: HTMLElement, ctx: Context): void {
  const listed = seriesOf(ctx);
  if (!listed.length) {
    root.append(h("p", {}, t("This case holds no series of observations.")));
  } else {
    browser(root, ctx, listed);
  }
  stateOfData(root, ctx);
}

function seriesOf(ctx: Context): Listed[] {
  const counts = new Map<string, [number, number]>();
  for (const row of ctx.doc.table("input_observations")) {
    const entry = counts.get(String(row.series_id)) ?? [0, 0];
    entry[0] += 1;
    if (row.used === false) entry[1] += 1;
    counts.set(String(row.series_id), entry);
  }
  const listed = ctx.doc.table("input_series").map((row) => {
    const [count, disputed] = counts.get(String(row.id)) ?? [0, 0];
    const name = field(row, "name") || String(row.id);
    return { id: String(row.id), name, pillar: String(row.pillar), count, disputed };
  });
  // What sources dispute is what a reader must look at first.
  return listed.sort((a, b) => b.disputed - a.disputed || b.count - a.count);
}

function browser(root: HTMLElement, ctx: Context, listed: Listed[]): void {
  const state = { words: "", pillar: "", series: ctx.params.get("series") ?? "" };
  if (!listed.some((one) => one.id === state.series)) state.series = defaultSeries(listed);
  const list = h("div", { class: "series-list", role: "group", "aria-label": t("Series") });
  const shown = h("section", { "aria-live": "polite" });
  const open = (id: string): void => {
    state.series = id;
    history.replaceState(null, "", address(id));
    fill();
    clear(shown);
    showSeries(shown, ctx, id);
  };
  const fill = (): void => {
    clear(list);
    const found = listed.filter((one) => matches(one, state));
    for (const one of found.slice(0, MOST_LISTED)) list.append(listEntry(one, one.id === state.series, open));
    if (found.length > MOST_LISTED) {
      list.append(h("p", { class: "muted" }, t("and {count} more", { count: found.length - MOST_LISTED })));
    }
    if (!found.length) list.append(h("p", { class: "muted" }, t("No rows.")));
  };
  root.append(
    h("p", { class: "lead" }, t("Series: {count}. Those that sources dispute come first.", { count: listed.length })),
    h("div", { class: "reading-tools" }, searchBox(state, fill), pillarBox(listed, state, fill)),
    list,
    shown,
  );
  fill();
  showSeries(shown, ctx, state.series);
}

/** A disputed one with values over several years tells most. */
function defaultSeries(listed: Listed[]): string {
  return (listed.find((one) => one.disputed > 0 && one.count < 100) ?? listed[0]!).id;
}

function address(series: string): string {
  const [page = "#/evidence", query = ""] = location.hash.split("?");
  const params = new URLSearchParams(query);
  params.set("series", series);
  return `${page}?${params.toString()}`;
}

function matches(one: Listed, state: { words: string; pillar: string }): boolean {
  if (state.pillar && one.pillar !== state.pillar) return false;
  const text = `${one.name} ${one.id}`.toLocaleLowerCase(lang());
  return state.words
    .toLocaleLowerCase(lang())
    .split(/\s+/)
    .every((part) => text.includes(part));
}

function searchBox(state: { words: string }, fill: () => void): HTMLElement {
  const box = h("input", {
    type: "search",
    placeholder: t("trade, visitors, port …"),
    oninput: (event: Event) => {
      state.words = (event.target as HTMLInputElement).value.trim();
      fill();
    },
  });
  return h("label", { class: "field" }, h("span", {}, t("Find a series")), box);
}

function pillarBox(listed: Listed[], state: { pillar: string }, fill: () => void): HTMLElement {
  const present = PILLARS.filter((pillar) => listed.some((one) => one.pillar === pillar));
  const options = [
    { value: "", text: t("All") },
    ...present.map((pillar) => ({ value: pillar, text: pillarTitle(pillar) })),
  ];
  return select(t("Pillar"), options, "", (value) => {
    state.pillar = value;
    fill();
  });
}

function listEntry(one: Listed, current: boolean, open: (id: string) => void): HTMLElement {
  const figures = [t("values: {count}", { count: one.count })];
  if (one.disputed) figures.unshift(t("disputed: {count}", { count: one.disputed }));
  return h(
    "button",
    { type: "button", "aria-current": current ? "true" : null, onclick: () => open(one.id) },
    h("span", {}, one.name),
    h("span", { class: "muted" }, figures.join(", ")),
  );
}

function showSeries(parent: HTMLElement, ctx: Context, id: string): void {
  const series = ctx.doc.row("input_series", id);
  const rows = ctx.doc.table("input_observations").filter((row) => row.series_id === id);
  const name = ctx.doc.name("input_series", id);
  parent.append(h("h2", {}, name));
  const definition = fromData(String(series?.definition ?? ""));
  if (definition) parent.append(h("p", { class: "muted" }, definition));
  if (!rows.length) {
    parent.append(h("p", {}, t("No observation.")));
    return;
  }
  seriesChart(parent, ctx, name, String(series?.unit ?? ""), rows);
  observationTable(parent, ctx, name, String(series?.unit ?? ""), rows);
}

function observationTable(parent: HTMLElement, ctx: Context, name: string, of: string, rows: Row[]): void {
  const full = rows.map((row) => ({
    ...row,
    when: periodText(String(row.period ?? "")),
    range: rangeText(row),
    used: row.used === false ? t("not used") : t("used"),
  }));
  dataTable(
    parent,
    ctx,
    full.sort((a: Row, b: Row) => String(b.period).localeCompare(String(a.period))),
    [
      { key: "when", title: t("period") },
      { key: "value", title: unitTitle(of), kind: "number", digits: digitsOf(rows) },
      { key: "range", title: t("range") },
      { key: "printed", title: t("as printed") },
      { key: "coverage", title: t("coverage") },
      { key: "side", title: t("who counts") },
      { key: "used", title: t("used") },
      { key: "status", title: t("status"), kind: "word" },
      { key: "confidence", title: t("confidence"), kind: "word" },
      { key: "source_id", title: t("sources"), kind: "sources" },
      { key: "id", title: t("row"), kind: "row", table: "input_observations" },
    ],
    { caption: t("Observations: {series}", { series: name }), file: "observations", filter: true, pageSize: 15 },
  );
}

const unitTitle = (of: string): string => (of && of !== "1" ? unit(of) : t("value"));

function rangeText(row: Row): string | null {
  if (typeof row.value_low !== "number" && typeof row.value_high !== "number") return null;
  const end = (value: unknown): string => (typeof value === "number" ? numberText(value) : "…");
  return `${end(row.value_low)}–${end(row.value_high)}`;
}

/** As many decimals as the values need at four significant digits, at most four. */
function digitsOf(rows: Row[]): number {
  const digits = rows.map((row) => {
    const value = row.value;
    if (typeof value !== "number" || Math.abs(value) >= 1000 || Number.isInteger(value)) return 0;
    return (String(Number(value.toPrecision(4))).split(".")[1] ?? "").length;
  });
  return Math.min(4, Math.max(0, ...digits));
}

const STATES = ["reported", "derived", "assumed", "calibrated"];

/** How much of each table is reported, and how much was chosen. */
function stateOfData(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("evidence_state");
  if (!rows.length) return;
  root.append(h("h2", {}, t("State of the data")));
  const judged = rows.filter((row) => STATES.some((state) => Number(row[state]) > 0)).reverse();
  const whole = (row: Row): number => STATES.reduce((sum, state) => sum + Number(row[state]), 0);
  chart(
    root,
    {
      grid: { left: 8, right: 24, top: 34, bottom: 8, containLabel: true },
      legend: { type: "scroll", top: 0, left: 0 },
      tooltip: {
        trigger: "axis",
        axisPointer: { type: "shadow" },
        valueFormatter: (value: number) => `${num(value, 1)} %`,
      },
      xAxis: { type: "value", max: 100, axisLabel: { formatter: "{value} %" } },
      yAxis: {
        type: "category",
        data: judged.map((row) => `${cap(tableWord(String(row.table)))} (${num(whole(row))})`),
      },
      series: STATES.map((state, index) => ({
        type: "bar",
        stack: "state",
        name: cap(word(state)),
        itemStyle: { color: palette[[0, 2, 1, 3][index]!] },
        data: judged.map((row) => (100 * Number(row[state])) / whole(row)),
      })),
    },
    {
      title: t("Where the values come from, by table (number of values)"),
      data: rows,
      height: 60 + 30 * judged.length,
      description: t("Share of reported, derived, assumed and calibrated values in each table; the numbers are in the table below."),
    },
  );
  const columns = ["rows", "quantities", ...STATES, "contradicted", "without_data"];
  dataTable(
    root,
    ctx,
    rows.map((row) => ({ ...row, name: cap(tableWord(String(row.table))) })),
    [{ key: "name", title: t("table") }, ...columns.map((key) => ({ key, title: stateTitle(key), kind: "number" as const }))],
    { caption: t("State of the data by table"), file: "evidence_state" },
  );
}

function stateTitle(column: string): string {
  switch (column) {
    case "rows":
      return t("rows");
    case "quantities":
      return t("quantities");
    case "contradicted":
      return fromData("contradicted", "sources");
    case "without_data":
      return t("without data");
    default:
      return word(column);
  }
}
