/** The flows of a run by market, each with the itineraries that share it. */

import { type Doc, ids, number, type Row } from "../core/document";
import { button, h } from "../core/dom";
import { alternativeName, marketName, UNSERVED } from "../core/flows";
import type { Context } from "../core/pages";
import { bracketed, listed } from "../core/phrases";
import { shortPlace } from "../core/routes";
import { scrollPlace } from "../core/scrolling";
import { rowDialog } from "../core/sources";
import { dataTable, FOLDED } from "../core/table";
import { days, num, t } from "../core/texts";
import { cap } from "../core/words";
import { shareText } from "./flow-words";

/** Places that name an itinerary: more would fill the row. */
const MOST_PLACES = 12;
/** A smaller second share is left to the fold-out. */
const LEAST_NAMED = 0.01;

export function flowTable(root: HTMLElement, ctx: Context): void {
  const byFlow = new Map<string, Row[]>();
  for (const row of ctx.doc.table("flow_itineraries")) {
    const id = String(row.flow_id);
    byFlow.set(id, [...(byFlow.get(id) ?? []), row]);
  }
  const rows = [...byFlow].map(([id, itineraries]) => flowRow(ctx.doc, id, itineraries));
  rows.sort((a, b) => Number(b.teu) - Number(a.teu));
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "market", title: t("market"), text: (row) => marketName(ctx.doc, String(row.market)), fold: 5 },
      { key: "origin", title: t("from"), kind: "place" },
      { key: "destination", title: t("to"), kind: "place" },
      { key: "commodity_id", title: t("commodity"), kind: "row", table: "input_commodities", fold: 4 },
      { key: "teu", title: t("TEU a year"), kind: "number" },
      { key: "t", title: t("t a year"), kind: "number", fold: 6 },
      { key: "ways", title: t("most of it goes"), fold: 1 },
      { key: "unserved", title: t("not served, %"), kind: "number", digits: 1, fold: 3 },
      { key: "sources", title: t("sources"), kind: "sources", fold: 2 },
      { key: "chosen", title: t("chosen numbers"), kind: "chosen", fold: 7 },
      { key: "id", title: t("row"), fold: FOLDED, draw: (row) => rowLink(ctx, String(row.id)) },
    ],
    {
      caption: t("Flows by market, with the itineraries that share them"),
      file: "karvan-flows",
      filter: true,
      choices: ["market"],
      detail: (row) => [itineraryTable(ctx, byFlow.get(String(row.id)) ?? [])],
    },
  );
}

function rowLink(ctx: Context, id: string): HTMLElement {
  return button(id, () => rowDialog(ctx, "input_flows", id), { class: "link", "aria-haspopup": "dialog" });
}

function flowRow(doc: Doc, id: string, itineraries: Row[]): Row {
  const flow = doc.row("input_flows", id);
  const sum = (rows: Row[], column: string) => rows.reduce((all, row) => all + (number(row[column]) ?? 0), 0);
  const chosen = ["assumed", "calibrated"].includes(String(flow?.flow_status ?? ""));
  return {
    id,
    market: flow?.market ?? "",
    origin: flow?.origin ?? "",
    destination: flow?.destination ?? "",
    commodity_id: flow?.commodity_id ?? "",
    teu: sum(itineraries, "teu"),
    t: sum(itineraries, "t"),
    ways: waysText(doc, itineraries),
    unserved: 100 * sum(itineraries.filter((row) => row.alternative_id === UNSERVED), "share"),
    sources: flow?.flow_source_id ?? "",
    chosen: chosen ? `flows.${id}.flow` : "",
  };
}

/** The two alternatives with the largest shares. */
function waysText(doc: Doc, itineraries: Row[]): string {
  const shares = new Map<string, number>();
  for (const row of itineraries) {
    const id = String(row.alternative_id);
    shares.set(id, (shares.get(id) ?? 0) + (number(row.share) ?? 0));
  }
  const first = [...shares].sort((a, b) => b[1] - a[1]).slice(0, 2).filter(([, share], i) => i === 0 || share >= LEAST_NAMED);
  return listed(first.map(([id, share]) => bracketed(alternativeName(doc, id), shareText(share))));
}

function itineraryTable(ctx: Context, rows: Row[]): HTMLElement {
  const titles = [t("route alternative"), t("TEU a year"), t("share"), t("days, mean"), t("USD/TEU"), t("for scarce room, USD/TEU"), t("kg CO2e/TEU"), t("via")];
  const body = h("tbody");
  for (const row of rows) body.append(itineraryLine(ctx, row));
  const head = h("tr", {}, ...titles.map((title, i) => h("th", { scope: "col", class: i > 0 && i < titles.length - 1 ? "right" : null }, title === t("kg CO2e/TEU") ? title : cap(title))));
  const table = h("table", { class: "plain flow-ways" }, h("caption", { class: "hidden" }, t("Itineraries of the flow")), h("thead", {}, head), body);
  return scrollPlace(t("Itineraries of the flow"), table);
}

function itineraryLine(ctx: Context, row: Row): HTMLElement {
  const { doc } = ctx;
  const id = String(row.alternative_id);
  const name = alternativeName(doc, id);
  const link = doc.row("input_alternatives", id)
    ? button(name, () => rowDialog(ctx, "input_alternatives", id), { class: "link", "aria-haspopup": "dialog" })
    : name;
  const figures = [
    num(number(row.teu)),
    shareText(number(row.share)),
    days(number(row.time_h)),
    num(number(row.cost_usd_per_teu)),
    num(number(row.price_usd_per_teu)),
    num(number(row.co2e_kg_per_teu)),
  ];
  return h("tr", {}, h("td", {}, link), ...figures.map((text) => h("td", { class: "right" }, text)), h("td", {}, viaCell(ctx, row)));
}

/** The places passed, and the services as buttons to their rows. */
function viaCell(ctx: Context, row: Row): Node {
  const passed = ids(row.nodes).slice(1, -1);
  const shown = passed.length > MOST_PLACES ? passed.filter((id) => turning(ctx.doc, id)) : passed;
  const cell = h("div", {}, listed(shown.map((id) => shortPlace(ctx.doc, id))) || "–");
  for (const id of ids(row.services)) {
    cell.append(h("div", {}, button(ctx.doc.name("input_services", id), () => rowDialog(ctx, "input_services", id), { class: "link", "aria-haspopup": "dialog" })));
  }
  return cell;
}

const TURNING = new Set(["port", "gauge_change", "border", "dry_port"]);

/** Places where ways part: of a long way only these are named. */
function turning(doc: Doc, id: string): boolean {
  return TURNING.has(String(doc.row("input_nodes", id)?.kind ?? ""));
}
