/** O-D pairs and their itineraries, as several pages show them. */

import { type Doc, ids, number, type Row } from "./document";
import type { Column } from "./table-rows";
import { bracketed, listed } from "./phrases";
import { days, num, t } from "./texts";
import { unit, word } from "./words";

export interface Pair {
  id: string;
  row: Row;
  itineraries: Row[];
}

/** Return the pairs of the case that have itineraries, in the case's order. */
export function pairsOf(doc: Doc): Pair[] {
  const byPair = new Map<string, Row[]>();
  for (const row of doc.table("itineraries")) {
    const id = String(row.pair_id);
    byPair.set(id, [...(byPair.get(id) ?? []), row]);
  }
  const rank = (row: Row) => number(row.rank) ?? 0;
  const order = doc.table("input_pairs").map((row) => String(row.id));
  const known = [...order.filter((id) => byPair.has(id)), ...[...byPair.keys()].filter((id) => !order.includes(id))];
  return known.map((id) => {
    const itineraries = byPair.get(id)!.sort((a, b) => rank(a) - rank(b));
    return { id, row: doc.row("input_pairs", id) ?? itineraries[0]!, itineraries };
  });
}

/** Return a place's name without what it says in brackets. */
export function shortPlace(doc: Doc, id: string): string {
  return doc.place(id).split(/ \(|（/)[0]!;
}

/** Return "origin → destination" of a leg, an itinerary or a pair. */
export function wayText(doc: Doc, row: Row): string {
  return `${shortPlace(doc, String(row.origin))} → ${shortPlace(doc, String(row.destination))}`;
}

/** Return "origin → destination", with the commodity where it is not the case's first one. */
export function pairName(doc: Doc, pair: Pair | Row): string {
  const row = "row" in pair && typeof pair.row === "object" && pair.row !== null ? (pair as Pair).row : (pair as Row);
  const first = doc.table("input_commodities")[0]?.id;
  const commodity = String(row.commodity_id ?? "");
  return !commodity || commodity === first ? wayText(doc, row) : `${wayText(doc, row)} · ${doc.name("input_commodities", commodity)}`;
}

/** What the time of a leg consists of, with its colour in the palette. */
export const TIME_PARTS = [
  { key: "dwell_h", title: () => t("dwell"), colour: 4 },
  { key: "wait_h", title: () => t("wait"), colour: 1 },
  { key: "move_h", title: () => t("move"), colour: 0 },
] as const;

/** Return the legs of an itinerary in order. */
export function legsOf(doc: Doc, itinerary: Row): Row[] {
  return doc
    .table("legs")
    .filter((leg) => leg.pair_id === itinerary.pair_id && leg.rank === itinerary.rank)
    .sort((a, b) => Number(a.leg) - Number(b.leg));
}

/** Return the places where the carrier changes: what tells one itinerary from another. */
export function viaText(doc: Doc, itinerary: Row): string {
  const stops = legsOf(doc, itinerary).slice(0, -1).map((leg) => String(leg.destination));
  if (stops.length > 0) return listed(stops.map((id) => shortPlace(doc, id)));
  const passed = ids(itinerary.nodes).slice(1, -1);
  return passed.length === 0 ? t("direct") : t("without a change of carrier");
}

/** Return what tells the itineraries of a pair from each other: their stops, and where these agree, more. */
export function viaTexts(doc: Doc, rows: Row[]): Map<Row, string> {
  const texts = new Map(rows.map((row) => [row, viaText(doc, row)]));
  const result = new Map<Row, string>();
  for (const row of rows) {
    const text = texts.get(row)!;
    const twins = rows.filter((other) => other !== row && texts.get(other) === text);
    const more = twins.length > 0 ? difference(doc, row, twins) : "";
    result.set(row, more ? bracketed(text, more) : text);
  }
  return result;
}

/** Name up to two places that the twins do not pass, else the services that they do not use. */
function difference(doc: Doc, row: Row, twins: Row[]): string {
  const elsewhere = (list: (row: Row) => string[]) => {
    const others = twins.map((twin) => new Set(list(twin)));
    return list(row).filter((id) => others.some((other) => !other.has(id)));
  };
  const places = elsewhere((one) => ids(one.nodes));
  if (places.length > 0) return t("through {places}", { places: listed(places.slice(0, 2).map((id) => shortPlace(doc, id))) });
  const carriers = elsewhere((one) => legsOf(doc, one).map((leg) => String(leg.service || leg.mode)));
  return listed(carriers.slice(0, 2).map((id) => (doc.row("input_services", id) ? doc.name("input_services", id) : word(id))));
}

/** Every column of an itinerary that a page may show. */
const ITINERARY_COLUMNS = {
  rank: () => ({ key: "rank", title: t("No."), kind: "number" }),
  pair: () => ({ key: "pair", title: t("pair") }),
  via: () => ({ key: "via", title: t("via") }),
  mean_h: () => ({ key: "mean_h", title: t("days, mean"), kind: "days" }),
  range: () => ({ key: "p10_h", to: "p90_h", title: t("8 of 10 cases"), kind: "span", fold: 5 }),
  cost_usd_per_teu: () => ({ key: "cost_usd_per_teu", title: t("USD/TEU"), kind: "number", fold: 2 }),
  co2e_kg_per_teu: () => ({ key: "co2e_kg_per_teu", title: t("kg CO2e/TEU"), kind: "number", fold: 4 }),
  generalized_cost_usd_per_teu: () => ({ key: "generalized_cost_usd_per_teu", title: t("generalized cost, USD/TEU"), kind: "number", fold: 6 }),
  km: () => ({ key: "km", title: t("km"), kind: "number", fold: 7 }),
  transfers: () => ({ key: "transfers", title: t("transfers"), kind: "number", fold: 8 }),
  gauge_changes: () => ({ key: "gauge_changes", title: t("gauge changes"), kind: "number", fold: 9 }),
} as const satisfies Record<string, () => Column>;

/** Return columns of the table `itineraries`, in the order asked for. */
export function itineraryColumns(...keys: (keyof typeof ITINERARY_COLUMNS)[]): Column[] {
  return keys.map((key) => ITINERARY_COLUMNS[key]());
}

/** Return the columns of the table `legs`, for rows of {@link legRows}. */
export function legColumns(): Column[] {
  return [
    { key: "leg", title: t("leg"), kind: "number" },
    { key: "way", title: t("from – to") },
    { key: "mode", title: t("by"), kind: "word", fold: 4.5 },
    { key: "service", title: t("service"), kind: "row", table: "input_services", fold: 5 },
    { key: "transfer", title: t("transfer before it"), kind: "word", fold: 8 },
    { key: "dwell_h", title: t("dwell h"), kind: "number", digits: 1, fold: 1 },
    { key: "wait_h", title: t("wait h"), kind: "number", digits: 1, fold: 1 },
    { key: "move_h", title: t("move h"), kind: "number", digits: 1, fold: 1 },
    ...itineraryColumns("km", "cost_usd_per_teu", "co2e_kg_per_teu"),
    { key: "links", title: t("links"), kind: "rows", table: "input_links", fold: 9 },
    { key: "source_ids", title: t("sources"), kind: "sources", fold: 3 },
    { key: "chosen", title: t("chosen numbers"), kind: "chosen", fold: 3 },
  ];
}

/** Return legs with their way in words. */
export function legRows(doc: Doc, legs: Row[]): Row[] {
  return legs.map((leg) => ({ ...leg, way: wayText(doc, leg) }));
}

/** Return "12.4–21.3". */
export function dayRange(row: Row): string {
  return `${days(number(row.p10_h))}–${days(number(row.p90_h))}`;
}

/** Return a cost with its unit. */
export function costText(row: Row): string {
  return `${num(number(row.cost_usd_per_teu))} ${unit("USD/TEU")}`;
}

/** Return emissions with their unit. */
export function emissionsText(row: Row): string {
  return `${num(number(row.co2e_kg_per_teu))} ${unit("kg CO2e/TEU")}`;
}

/** Return the itineraries that no other one beats or equals in time, cost and emissions alike. */
export function paretoSet(rows: Row[]): Set<Row> {
  const goals = ["mean_h", "cost_usd_per_teu", "co2e_kg_per_teu"] as const;
  const beats = (a: Row, b: Row) =>
    goals.every((g) => Number(a[g]) <= Number(b[g])) && goals.some((g) => Number(a[g]) < Number(b[g]));
  return new Set(rows.filter((row) => !rows.some((other) => beats(other, row))));
}

/** Return a chain of places "a - b - c" with the names of those that the case knows; other texts as they are. */
export function chainText(doc: Doc, text: string): string {
  const parts = text.split(" - ");
  // What follows a place tells lines apart: "ankara, high-speed line".
  const named = parts.map((part) => {
    const [, id = "", rest = ""] = /^([^,(]*?)(\s*[,(].*)?$/.exec(part) ?? [];
    const known = doc.row("network_nodes", id) ?? doc.row("input_nodes", id);
    return known ? shortPlace(doc, id) + rest : null;
  });
  if (named.every((name) => name === null)) return text;
  return parts.map((part, i) => named[i] ?? part).join(" → ");
}
