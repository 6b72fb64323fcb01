/** The bottlenecks: what is full, what a place in it is worth, and what more of it would bring. */

import { chart, tooltipBox } from "../core/chart";
import { ids, number, type Row } from "../core/document";
import { button, h } from "../core/dom";
import { nameAxis } from "../core/drawing";
import { bottlenecksOf, moneyText, resourceName, resourceTable } from "../core/flows";
import type { Context } from "../core/pages";
import { clauses, colon, listed } from "../core/phrases";
import { rowDialog, sourceButtons } from "../core/sources";
import { dataTable, FOLDED } from "../core/table";
import { large, percent, t } from "../core/texts";
import { palette } from "../core/theme";
import { capacityUnit, gainSentence } from "./flow-words";
import { measureLink, measureLinks, measureTitles } from "./measure-links";
import { lacksRoom, noRoom } from "./no-room";

/** Bottlenecks in words; the table holds all. */
const FIRST = 12;
/** Less is the rounding of two solutions. */
const LEAST_GAIN_USD = 1000;

export function bottleneckList(root: HTMLElement, ctx: Context): void {
  const tried = bottlenecksOf(ctx.doc).filter((row) => (number(row.gain_usd) ?? 0) >= LEAST_GAIN_USD);
  noRoom(root, ctx);
  if (tried.length === 0) {
    if (!lacksRoom(ctx.doc)) root.append(h("p", {}, t("Nothing is full: every capacity has room for what wants to pass.")));
    return;
  }
  root.append(h("p", {}, t("What users and operators together gain in a year from more of one capacity, all others staying as they are. Gains of two capacities do not add up.")));
  const list = h("ol", { class: "bottlenecks" });
  for (const row of tried.slice(0, FIRST)) list.append(item(ctx, row));
  root.append(list);
  gainChart(root, ctx, tried.slice(0, FIRST));
}

function item(ctx: Context, row: Row): HTMLElement {
  const table = resourceTable(row);
  return h(
    "li",
    {},
    h("strong", {}, gainSentence(ctx.doc, row)),
    h(
      "div",
      { class: "bottleneck-facts" },
      usedBar(row),
      h("span", {}, t("Space is scarce: a TEU that passes pays {price} extra.", { price: moneyText(number(row.price_usd_per_teu)) })),
      button(t("Row"), () => rowDialog(ctx, table, String(row.id)), { class: "link", "aria-haspopup": "dialog" }),
      sourceButtons(ctx, capacitySources(ctx, row)),
      chainNote(ctx, row),
      measureNote(ctx, row),
    ),
  );
}

/** What the same cargo passes and is as tight: more of one alone brings nothing. */
function chainNote(ctx: Context, row: Row): HTMLElement | null {
  const along = ids(row.chain).map((id) => chainName(ctx, id));
  return along.length > 0 ? h("span", {}, t("Would have to grow as well: {places}", { places: listed(along) })) : null;
}

/** The measures of the case that change the capacity; those in force already say so. */
function measureNote(ctx: Context, row: Row): HTMLElement | null {
  const measures = ids(row.measures);
  if (measures.length === 0) return null;
  const named = measures.map((id) => h("span", {}, measureLink(ctx, id), inForce(ctx, id) ? ` ${t("(in force)")}` : ""));
  return h("span", { class: "bottleneck-measures" }, h("span", {}, colon(t("measures that change it"), "").trim()), ...named);
}

function inForce(ctx: Context, id: string): boolean {
  return ctx.doc.row("measures", id)?.applied === true;
}

/** A link of a chain is written "id", or "id from to" where it has a direction. */
function chainName(ctx: Context, text: string): string {
  const [id = "", from = "", to = ""] = text.split(" ");
  const same = (row: Row): boolean => row.id === id && String(row.from_node ?? "") === from && String(row.to_node ?? "") === to;
  const row = ctx.doc.table("bottlenecks").find(same);
  return row ? resourceName(ctx.doc, row) : text;
}

/** The documents behind a capacity: of a service its room and its headway. */
function capacitySources(ctx: Context, row: Row): string {
  const given = ctx.doc.row(resourceTable(row), String(row.id));
  return ["capacity_source_id", "headway_source_id", "background_source_id"].map((column) => given?.[column] ?? "").join(";");
}

/** The numbers behind a capacity that no source gives. */
function capacityChosen(ctx: Context, row: Row): string {
  const table = resourceTable(row);
  const given = ctx.doc.row(table, String(row.id));
  const chosen = ["capacity", "headway", "background"].filter((quantity) => ["assumed", "calibrated"].includes(String(given?.[`${quantity}_status`] ?? "")));
  return chosen.map((quantity) => `${table.replace("input_", "")}.${String(row.id)}.${quantity}`).join(";");
}

/** A bar as wide as the capacity is used, with the percentage in words. */
function usedBar(row: Row): HTMLElement {
  const used = number(row.utilization);
  if (used === null) return h("span", { class: "used muted" }, "–");
  const fill = h("span", { class: "used-fill" });
  fill.style.width = `${Math.min(100, 100 * used)}%`;
  return h("span", { class: "used" }, h("span", { class: "used-bar", "aria-hidden": "true" }, fill), percent(used));
}

function gainChart(root: HTMLElement, ctx: Context, rows: Row[]): void {
  const names = nameAxis(root, rows.map((row) => resourceName(ctx.doc, row)), 340);
  chart(
    root,
    {
      grid: { left: names.left, right: 24, top: 8, bottom: 44 },
      xAxis: { type: "value", name: t("USD a year"), nameLocation: "middle", nameGap: 26, splitNumber: names.narrow ? 2 : 5, axisLabel: { formatter: (v: number) => large(v), hideOverlap: true } },
      yAxis: names.axis,
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, formatter: (hits: { dataIndex: number }[]) => tip(ctx, rows[hits[0]?.dataIndex ?? 0]!) },
      series: [{ type: "bar", barWidth: 12, itemStyle: { color: palette[0] }, data: rows.map((row) => number(row.gain_usd) ?? 0) }],
    },
    {
      title: t("Gain of more capacity, USD a year"),
      data: rows.map((row) => ({ name: resourceName(ctx.doc, row), ...row })),
      height: 60 + rows.length * names.row,
      description: clauses(rows.map((row) => colon(resourceName(ctx.doc, row), moneyText(number(row.gain_usd))))),
    },
  );
}

function tip(ctx: Context, row: Row): HTMLElement {
  return tooltipBox(resourceName(ctx.doc, row), [
    [t("gain of more, a year"), moneyText(number(row.gain_usd))],
    [t("utilization"), usedText(row)],
    [t("shadow price per TEU"), moneyText(number(row.price_usd_per_teu))],
  ]);
}

function usedText(row: Row): string {
  const used = number(row.utilization);
  return used === null ? "–" : percent(used);
}

/** Every capacity, the dearest first. */
export function bottleneckTable(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("bottlenecks").map((row) => ({
    ...row,
    name: resourceName(ctx.doc, row),
    of: capacityUnit(row.unit),
    sources: capacitySources(ctx, row),
    chosen: capacityChosen(ctx, row),
  })) as Row[];
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "name", title: t("what is limited"), draw: (row) => nameButton(ctx, row) },
      { key: "utilization", title: t("utilization"), kind: "number", text: usedText, draw: usedBar },
      { key: "price_usd_per_teu", title: t("shadow price, USD/TEU"), kind: "number", fold: 1 },
      { key: "gain_usd", title: t("gain of more, USD a year"), kind: "number", fold: 2 },
      { key: "load", title: t("load"), kind: "number", fold: 5 },
      { key: "capacity", title: t("capacity"), kind: "number", fold: 4 },
      { key: "of", title: t("unit"), fold: 6 },
      { key: "queue_h", title: t("wait for room, h"), kind: "number", digits: 1, fold: 7 },
      { key: "sources", title: t("sources"), kind: "sources", fold: 3 },
      { key: "chosen", title: t("chosen numbers"), kind: "chosen", fold: 8 },
      { key: "kind", title: t("kind"), kind: "word", fold: FOLDED },
      { key: "price_usd", title: t("shadow price of one more, USD"), kind: "number", fold: FOLDED },
      { key: "lacking", title: t("lacking for what has no room"), kind: "number", fold: FOLDED },
      { key: "measures", title: t("measures that change it"), text: (row) => measureTitles(ctx, row.measures), draw: (row) => measureLinks(ctx, row.measures), fold: FOLDED },
    ],
    { caption: t("All capacities and what they carry"), file: "karvan-bottlenecks", filter: true, pageSize: 15, choices: ["kind"], saved: ["id", "from_node", "to_node", "rank", "step"] },
  );
}

function nameButton(ctx: Context, row: Row): HTMLElement {
  return button(String(row.name), () => rowDialog(ctx, resourceTable(row), String(row.id)), { class: "link", "aria-haspopup": "dialog" });
}
