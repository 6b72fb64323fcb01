/** A series with all its observations: sources that contradict each other stand side by side. */

import { clear, h, select } from "../core/dom";
import type { Row } from "../core/document";
import { freeText } from "../core/freetext";
import { finder } from "../core/find";
import { keepInAddress, kept } from "../core/kept";
import { registerPage, type Context } from "../core/pages";
import { bracketed, listed as listText } from "../core/phrases";
import { chainText } from "../core/routes";
import { type Column, dataTable, FOLDED } from "../core/table";
import { chart } from "../core/chart";
import { field, fromData, percent, t } from "../core/texts";
import { palette } from "../core/theme";
import { cap, unit, word } from "../core/words";
import { seriesChart } from "./series-chart";
import { periodText } from "./periods";
import { numberText } from "./reasons";
import { PILLARS, pillarTitle, tableWord } from "./words";
import "./reading.css";

const MOST_LISTED = 200;

registerPage({ id: "evidence", title: () => t("Evidence"), order: 70, needs: ["evidence"], render });

/** What the reader looks for. */
interface State {
  words: string;
  pillar: string;
}

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
  const state = kept("evidence", (): State => ({ words: "", pillar: "" }));
  let series = ctx.params.get("series") ?? "";
  if (!listed.some((one) => one.id === series)) series = defaultSeries(listed);
  const list = h("div", { class: "series-list", role: "group", "aria-label": t("Series") });
  const shown = h("section", { "aria-live": "polite" });
  const open = (id: string): void => {
    series = id;
    keepInAddress("series", id);
    fill();
    clear(shown);
    showSeries(shown, ctx, id);
  };
  const fill = (): void => {
    clear(list);
    const found = listed.filter((one) => matches(one, state));
    for (const one of found.slice(0, MOST_LISTED)) list.append(listEntry(one, one.id === series, open));
    if (found.length > MOST_LISTED) {
      list.append(h("p", { class: "muted" }, t("and {count} more", { count: found.length - MOST_LISTED })));
    }
    if (!found.length) list.append(h("p", { class: "muted" }, t("No rows.")));
    const current = list.querySelector<HTMLElement>("[aria-current]");
    // The list scrolls, the page does not.
    if (current) list.scrollTop = current.offsetTop - list.offsetTop - list.clientHeight / 3;
  };
  root.append(
    h("p", { class: "lead" }, t("Series: {count}. Those that sources dispute come first.", { count: listed.length })),
    h("div", { class: "reading-tools" }, searchBox(state, fill), pillarBox(listed, state, fill)),
    list,
    shown,
  );
  fill();
  showSeries(shown, ctx, series);
}

/** A disputed one with values over several years tells most. */
function defaultSeries(listed: Listed[]): string {
  return (listed.find((one) => one.disputed > 0 && one.count < 100) ?? listed[0]!).id;
}

function matches(one: Listed, state: State): boolean {
  return (!state.pillar || one.pillar === state.pillar) && finder(state.words)(`${one.name} ${one.id}`);
}

function searchBox(state: State, fill: () => void): HTMLElement {
  const box = h("input", {
    type: "search",
    placeholder: t("trade, visitors, port …"),
    value: state.words,
    oninput: (event: Event) => {
      state.words = (event.target as HTMLInputElement).value;
      fill();
    },
  });
  return h("label", { class: "field" }, h("span", {}, t("Find a series")), box);
}

function pillarBox(listed: Listed[], state: State, fill: () => void): HTMLElement {
  const present = PILLARS.filter((pillar) => listed.some((one) => one.pillar === pillar));
  const options = [
    { value: "", text: t("All") },
    ...present.map((pillar) => ({ value: pillar, text: pillarTitle(pillar) })),
  ];
  return select(t("Pillar"), options, state.pillar, (value) => {
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
    h("span", { class: "muted" }, listText(figures)),
  );
}

function showSeries(parent: HTMLElement, ctx: Context, id: string): void {
  const series = ctx.doc.row("input_series", id);
  const rows = ctx.doc.table("input_observations").filter((row) => row.series_id === id);
  const name = ctx.doc.name("input_series", id);
  parent.append(h("h2", {}, name));
  if (series?.definition) parent.append(h("p", { class: "muted" }, freeText(ctx.doc, series.definition)));
  if (!rows.length) {
    parent.append(h("p", {}, t("No observation.")));
    return;
  }
  seriesChart(parent, ctx, name, String(series?.unit ?? ""), rows);
  observationTable(parent, ctx, id, rows);
}

function observationTable(parent: HTMLElement, ctx: Context, series: string, rows: Row[]): void {
  const of = String(ctx.doc.row("input_series", series)?.unit ?? "");
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
      ...present(rows, { key: "range", title: t("range"), fold: 3 }, "value_low", "value_high"),
      ...present(rows, { key: "coverage", title: t("coverage"), text: (row) => chainText(ctx.doc, String(row.coverage ?? "")), fold: 2 }),
      ...present(rows, { key: "side", title: t("who counts"), fold: 1 }),
      { key: "used", title: t("used"), fold: 5 },
      { key: "status", title: t("status"), kind: "word", fold: 4 },
      { key: "confidence", title: t("confidence"), kind: "word", fold: 6 },
      { key: "source_id", title: t("sources"), kind: "sources", fold: 3.5 },
      { key: "printed", title: t("as printed"), fold: FOLDED },
      { key: "id", title: t("row"), kind: "row", table: "input_observations", fold: FOLDED },
    ],
    {
      caption: t("Observations: {series}", { series: ctx.doc.name("input_series", series) }),
      file: `observations-${series}`,
      filter: true,
      pageSize: 15,
    },
  );
}

/** Return a column if any row has something in it. */
function present(rows: Row[], column: Column, ...from: string[]): Column[] {
  const keys = from.length > 0 ? from : [column.key];
  const filled = rows.some((row) => keys.some((key) => row[key] !== null && row[key] !== ""));
  return filled ? [column] : [];
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
/** Places in the palette: the colours that the overview gives them (style.css, .share). */
const STATE_COLOURS = [0, 5, 4, 1];
/** Which columns of the state give way on a narrow screen. */
const FOLDS: Record<string, number> = { rows: 5, quantities: 3, calibrated: 4, derived: 1, contradicted: 2, without_data: 2.5 };

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
        valueFormatter: (share: number) => percent(share, 1),
      },
      xAxis: { type: "value", max: 1, axisLabel: { formatter: (share: number) => percent(share), hideOverlap: true } },
      yAxis: {
        type: "category",
        data: judged.map((row) => bracketed(cap(tableWord(String(row.table))), whole(row))),
      },
      series: STATES.map((state, index) => ({
        type: "bar",
        stack: "state",
        name: cap(word(state)),
        itemStyle: { color: palette[STATE_COLOURS[index]!] },
        data: judged.map((row) => Number(row[state]) / whole(row)),
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
    [{ key: "name", title: t("table") }, ...columns.map((key) => ({ key, title: stateTitle(key), kind: "number" as const, fold: FOLDS[key] }))],
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
