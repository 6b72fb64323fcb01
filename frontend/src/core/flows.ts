/** The freight assignment of a run: which way cargo goes, and where there is no room. */

import { type Doc, number, type Row } from "./document";
import { bracketed } from "./phrases";
import { shortPlace } from "./routes";
import { large, num, t } from "./texts";
import { unit, word } from "./words";

/** Alternatives that the tables name beside those of the case. */
export const OTHER = "other";
export const UNSERVED = "unserved";

const LOOSE = "loose";

/** Cargo in containers is counted in TEU, loose cargo in tonnes: the two are never added up. */
export type Cargo = "container" | "loose";

/** The row that says how well the flows are known; none where the run has no flows. */
export function assignmentOf(doc: Doc): Row | undefined {
  return doc.table("assignment")[0];
}

export function cargoOf(doc: Doc, commodity: unknown): Cargo {
  return doc.row("input_commodities", String(commodity))?.cargo === LOOSE ? "loose" : "container";
}

/** The column that counts a kind of cargo. */
export function amountColumn(cargo: Cargo): "teu" | "t" {
  return cargo === "loose" ? "t" : "teu";
}

/** Return an amount with its unit. */
export function amountText(amount: number | null, cargo: Cargo): string {
  return `${num(amount)} ${unit(cargo === "loose" ? "t" : "TEU")}`;
}

/** The alternatives in the order of the case, then those without a gateway and what stays away. */
export function alternativeIds(doc: Doc): string[] {
  return [...doc.table("input_alternatives").map((row) => String(row.id)), OTHER, UNSERVED];
}

export function alternativeName(doc: Doc, id: string): string {
  if (id === UNSERVED) return t("not served");
  if (id === OTHER) return t("other ways");
  return doc.name("input_alternatives", id);
}

/** The alternative that the case is about: the one marked, else the first. */
export function mainAlternative(doc: Doc): string | undefined {
  const rows = doc.table("input_alternatives");
  const main = rows.find((row) => row.main === true) ?? rows[0];
  return main ? String(main.id) : undefined;
}

/** Return TEU or tonnes by alternative, of one kind of cargo. */
export function carriedBy(doc: Doc, cargo: Cargo): Map<string, number> {
  const sums = new Map<string, number>();
  for (const row of doc.table("alternative_flows")) {
    if (cargoOf(doc, row.commodity_id) !== cargo) continue;
    const id = String(row.alternative_id);
    sums.set(id, (sums.get(id) ?? 0) + (number(row[amountColumn(cargo)]) ?? 0));
  }
  return sums;
}

/** Return what all alternatives carry, without what stays away. */
export function served(amounts: ReadonlyMap<string, number>): number {
  return [...amounts].reduce((sum, [id, amount]) => (id === UNSERVED ? sum : sum + amount), 0);
}

/** Return a market's name in the reader's language; its id where the case has no table of markets. */
export function marketName(doc: Doc, id: string): string {
  return doc.name("input_markets", id);
}

const RESOURCE_TABLES: Record<string, string> = { link: "input_links", service: "input_services", terminal: "input_terminals" };

/** The table of the case that holds the row of a load or a bottleneck. */
export function resourceTable(row: Row): string {
  return RESOURCE_TABLES[String(row.kind)] ?? "";
}

/** Return what a load or a bottleneck is of, with its direction where it has one. */
export function resourceName(doc: Doc, row: Row): string {
  const id = String(row.id);
  const link = row.kind === "link" ? doc.row("input_links", id) : undefined;
  const place = (node: unknown) => shortPlace(doc, String(node));
  const way = row.from_node ? `${place(row.from_node)} → ${place(row.to_node)}` : "";
  if (link) return bracketed(way || `${place(link.from_node)} – ${place(link.to_node)}`, word(link.mode));
  const name = doc.name(resourceTable(row), id);
  return way ? bracketed(name, way) : name;
}

/** A load that is full pays a price; rounding of the solver is no price. */
const LEAST_PRICE_USD = 1;

/** Return the bottlenecks, those whose enlargement gains most first, then by the rank of their capacity. */
export function bottlenecksOf(doc: Doc): Row[] {
  const gain = (row: Row) => number(row.gain_usd) ?? -Infinity;
  return doc
    .table("bottlenecks")
    .filter((row) => (number(row.price_usd_per_teu) ?? 0) >= LEAST_PRICE_USD)
    .sort((a, b) => gain(b) - gain(a) || Number(a.rank) - Number(b.rank));
}

/** Names the same place in two runs. */
export function resourceKey(row: Row): string {
  return [row.kind, row.id, row.from_node, row.to_node, row.unit].join("\u0004");
}

const MILLION = 1e6;
/** From here on single dollars of a model are no information. */
const ROUNDED = 1e4;

/** Return an amount of money; from ten thousand on with few digits, from a million on in the short form of the language. */
export function moneyText(usd: number | null, digits = 3): string {
  const rounded = usd !== null && Math.abs(usd) >= ROUNDED && Math.abs(usd) < MILLION;
  return t("{cost} USD", { cost: large(rounded ? Number(usd.toPrecision(digits)) : usd, digits) });
}

/** Costs are shown as sources print them. */
const COST_DIGITS = 4;

/** Return what a measure costs, "1.35 billion USD (1.2 billion–1.5 billion USD)", from columns in million USD. */
export function costOfMeasure(middle: number | null, low: number | null, high: number | null): string {
  const amount = (millions: number): string => large(millions * MILLION, COST_DIGITS);
  const range = low !== null && high !== null && low !== high ? t("{low}–{high} USD", { low: amount(low), high: amount(high) }) : "";
  const one = middle ?? (range ? null : (low ?? high));
  if (one === null) return range;
  const text = t("{cost} USD", { cost: amount(one) });
  return range ? bracketed(text, range) : text;
}
