// The flows of two runs: what each alternative carries, and which bottlenecks moved.
import { number, type Cell, type Doc, type Row } from "../core/document";
import { clear, h } from "../core/dom";
import { alternativeIds, alternativeName, assignmentOf, bottlenecksOf, carriedBy, resourceKey, resourceName } from "../core/flows";
import type { Context } from "../core/pages";
import { colon } from "../core/phrases";
import { dataTable, type Column } from "../core/table";
import { num, t, withSign } from "../core/texts";
import { signedColumn } from "./changes";
import { unit } from "../core/words";
import { certificate } from "../pages/flow-words";

const HOURS_PER_DAY = 24;

export function compareFlows(place: HTMLElement, ctx: Context, before: Doc, after: Doc): void {
  clear(place);
  if (!assignmentOf(before) && !assignmentOf(after)) return;
  place.append(h("h2", {}, t("Flows and bottlenecks")));
  doubts(place, before, after);
  const demand = demandOfBoth(before, after);
  if (demand) place.append(h("p", { class: "demand-year" }, demand));
  alternatives(place, ctx, before, after);
  together(place, ctx, before, after);
  bottlenecks(place, ctx, before, after);
}

/** Say of each run whose flows did not converge that they are approximate. */
function doubts(place: HTMLElement, before: Doc, after: Doc): void {
  for (const [words, doc] of [[t("before the change"), before], [t("after the change"), after]] as const) {
    const row = assignmentOf(doc);
    if (row && row.converged !== true) place.append(h("p", { class: "notice" }, colon(words, certificate(doc, row))));
  }
}

/** Say of which years the demand is: where it differs, not all that moves is due to the measures. */
function demandOfBoth(before: Doc, after: Doc): string {
  const [old, now] = [before, after].map((doc) => assignmentOf(doc)?.flows_year);
  if (!old || !now) return "";
  if (old === now) return t("Demand is that of {year} before and after.", { year: String(old) });
  return t("Demand is that of {before} before and of {after} after: what changes is due to both, demand and measures.", { before: String(old), after: String(now) });
}

/** All flows together, a row a figure: as the terminal's comparison has them. */
function together(place: HTMLElement, ctx: Context, before: Doc, after: Doc): void {
  const figures: [string, string, number, number][] = [
    [t("t a year"), "t", 1, 0],
    [t("TEU and TEU-equivalents a year"), "teu", 1, 0],
    [t("beside them, not served"), "unserved_teu", 1, 0],
    [t("of these without room at any price"), "left_over_teu", 1, 0],
    [t("days, mean"), "mean_h", HOURS_PER_DAY, 1],
    [t("USD/TEU, mean"), "mean_cost_usd_per_teu", 1, 0],
    [t("t CO2e a year"), "co2e_t", 1, 0],
  ];
  const rows = figures.map(([figure, column, scale, digits]) => {
    const [old, now] = [before, after].map((doc) => scaled(assignmentOf(doc)?.[column], scale));
    const change = typeof old === "number" && typeof now === "number" ? now - old : null;
    return { figure, column, digits, before: old, after: now, change, percent: change !== null && old ? (100 * change) / old : null } as Row;
  });
  // What nobody lacks in either run needs no row.
  const told = rows.filter((row) => row.column !== "left_over_teu" || row.before || row.after);
  const asFine = (key: string) => (row: Row): string => num(number(row[key]), number(row.digits) ?? 0);
  const columns: Column[] = [
    { key: "figure", title: t("figure") },
    { key: "before", title: t("before the change"), kind: "number", text: asFine("before"), fold: 1 },
    { key: "after", title: t("after the change"), kind: "number", text: asFine("after") },
    { key: "change", title: t("change"), kind: "number", text: (row) => withSign(number(row.change), (value) => num(value, number(row.digits) ?? 0)) },
    { key: "percent", title: t("change, %"), kind: "number", text: signedColumn("percent", 1), fold: 2 },
  ];
  dataTable(place, ctx, told, columns, { caption: t("All flows together"), file: "compared-flows", saved: ["column"] });
}

/** Return a figure in the unit of its row. */
function scaled(value: Cell | undefined, scale: number): number | null {
  const found = number(value);
  return found === null ? null : found / scale;
}

function alternatives(place: HTMLElement, ctx: Context, before: Doc, after: Doc): void {
  const carried = { teu: [before, after].map((doc) => carriedBy(doc, "container")), t: [before, after].map((doc) => carriedBy(doc, "loose")) };
  const names = new Set([...alternativeIds(after), ...alternativeIds(before)]);
  const rows = [...names].map((id) => {
    const row: Row = { alternative: alternativeName(alternativeIds(after).includes(id) ? after : before, id) };
    for (const [column, [old, now]] of Object.entries(carried)) {
      row[`${column}_before`] = old!.get(id) ?? 0;
      row[`${column}_after`] = now!.get(id) ?? 0;
      row[`${column}_change`] = (now!.get(id) ?? 0) - (old!.get(id) ?? 0);
    }
    return row;
  });
  const size = (row: Row): number => Math.abs(Number(row.teu_change));
  const moved = rows.filter((row) => ["teu_before", "teu_after", "t_before", "t_after"].some((column) => row[column] !== 0));
  moved.sort((a, b) => size(b) - size(a) || Math.abs(Number(b.t_change)) - Math.abs(Number(a.t_change)));
  const columns: Column[] = [{ key: "alternative", title: t("route alternative") }, ...threeColumns("teu", t("TEU in containers")), ...threeColumns("t", t("t of loose cargo"))];
  dataTable(place, ctx, moved, columns, { caption: t("Flows by route alternative"), file: "compared-alternatives" });
}

function threeColumns(key: string, figure: string): Column[] {
  return [
    { key: `${key}_before`, title: t("before: {figure}", { figure }), kind: "number", fold: 2 },
    { key: `${key}_after`, title: t("after: {figure}", { figure }), kind: "number", fold: 1 },
    { key: `${key}_change`, title: t("change: {figure}", { figure }), kind: "number", text: signedColumn(`${key}_change`) },
  ];
}

function bottlenecks(place: HTMLElement, ctx: Context, before: Doc, after: Doc): void {
  const rows = movedBottlenecks(before, after);
  if (rows.length === 0) {
    place.append(h("p", { class: "app-nothing" }, t("No bottleneck moved.")));
    return;
  }
  const [price, gain] = [unit("USD/TEU"), t("gain of more, USD a year")];
  dataTable(
    place,
    ctx,
    rows,
    [
      { key: "name", title: t("bottleneck") },
      { key: "change", title: t("change") },
      ...threeColumns("price", price),
      { key: "gain_before", title: t("before: {figure}", { figure: gain }), kind: "number", fold: 2 },
      { key: "gain_after", title: t("after: {figure}", { figure: gain }), kind: "number", fold: 2 },
    ],
    { caption: t("Bottlenecks that moved"), file: "compared-bottlenecks", filter: true, pageSize: 15, choices: ["change"] },
  );
}

/** A price that differs by less is the same to a reader. */
const LEAST_CHANGE_USD = 1;

/** Return the bottlenecks that appeared, vanished or changed their price, the most valuable first. */
function movedBottlenecks(before: Doc, after: Doc): Row[] {
  const full = [before, after].map((doc) => new Map(bottlenecksOf(doc).map((row) => [resourceKey(row), row])));
  const keys = new Set(full.flatMap((rows) => [...rows.keys()]));
  const rows = [...keys].map((key) => {
    const [old, now] = full.map((rows) => rows.get(key));
    const [then, next] = [old, now].map((row) => number(row?.price_usd_per_teu) ?? 0);
    const [gain_before, gain_after] = [old, now].map((row) => number(row?.gain_usd));
    const change = !old ? t("appeared") : !now ? t("vanished") : t("price changed");
    return { name: resourceName(now ? after : before, (now ?? old)!), change, price_before: then!, price_after: next!, price_change: next! - then!, gain_before, gain_after };
  });
  const moved = rows.filter((row) => Math.abs(row.price_change) >= LEAST_CHANGE_USD);
  const worth = (row: (typeof moved)[0]): number => Math.max(row.gain_before ?? 0, row.gain_after ?? 0);
  return moved.sort((a, b) => worth(b) - worth(a));
}
