/** The simulation of a run: its rows, intervals, and the names of what it played. */

import { type Doc, number, type Row } from "./document";
import { alternativeName, mainAlternative, resourceName, resourceTable } from "./flows";
import { bracketed, clauses, colon, listed } from "./phrases";
import { pairName, shortPlace } from "./routes";
import { days, num, percent, t, tx } from "./texts";
import { unit, word } from "./words";

/** A mean over replications with the interval that holds it; null where too few were made. */
export interface Estimate {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** The row that says how the simulation was made; none where the run has none. */
export function simulationOf(doc: Doc): Row | undefined {
  return doc.table("simulation")[0];
}

/** Read "mean_h", "mean_low_h" and "mean_high_h" as estimate(row, "mean", "_h"). */
export function estimate(row: Row | undefined, stem: string, ending = ""): Estimate {
  const [value, low, high] = ["", "_low", "_high"].map((part) => number(row?.[`${stem}${part}${ending}`]));
  return { value: value!, low: low!, high: high! };
}

/** Write an estimate: "16.4 (16.0–16.8)". */
export function estimateText(e: Estimate, write: (value: number | null) => string): string {
  return e.value === null || e.low === null || e.high === null ? write(e.value) : bracketed(write(e.value), rangeText(e, write));
}

/** Write the interval alone; a dash where it is not known. */
export function rangeText(e: Estimate, write: (value: number | null) => string): string {
  if (e.low === null || e.high === null) return "–";
  // A dash between signed numbers could be read as another sign.
  if (e.low < 0) return t("{low} to {high}", { low: write(e.low), high: write(e.high) });
  return `${write(e.low)}–${write(e.high)}`;
}

export function hoursText(value: number | null): string {
  return num(value, 1);
}

export function dayText(hours: number | null): string {
  return days(hours);
}

export function shareText(share: number | null): string {
  return share === null ? "–" : percent(share);
}

// Journeys

/** The journeys, those of the case's first pair first, then as the run wrote them. */
export function journeysOf(doc: Doc): Row[] {
  const order = doc.table("input_pairs").map((row) => `${String(row.origin)} ${String(row.destination)} ${String(row.commodity_id)}`);
  const place = (row: Row): number => {
    const found = order.indexOf(`${String(row.origin)} ${String(row.destination)} ${String(row.commodity_id)}`);
    return found < 0 ? order.length : found;
  };
  const main = mainAlternative(doc);
  const own = (row: Row): number => Number(row.alternative_id !== main);
  return [...doc.table("simulated_journeys")].sort((a, b) => place(a) - place(b) || own(a) - own(b));
}

/** Names of the journeys: pair, cargo and route, and where these are the same the places that tell them apart. */
export function journeyNames(doc: Doc): Map<string, string> {
  const rows = doc.table("simulated_journeys");
  const plain = (row: Row): string => {
    const route = String(row.alternative_id ?? "");
    return route ? clauses([pairName(doc, row), alternativeName(doc, route)]) : pairName(doc, row);
  };
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(plain(row), [...(groups.get(plain(row)) ?? []), row]);
  return new Map(rows.map((row) => [String(row.journey_id), told(doc, row, plain(row), groups.get(plain(row))!)]));
}

/** Most places that tell two journeys apart. */
const MOST_VIA = 2;

function told(doc: Doc, row: Row, name: string, same: Row[]): string {
  if (same.length < 2) return name;
  const others = same.filter((other) => other !== row).map((other) => new Set(String(other.nodes ?? "").split(";")));
  const own = String(row.nodes ?? "").split(";").filter((node) => others.some((nodes) => !nodes.has(node)));
  const via = own.length > 0 ? t("through {places}", { places: listed(own.slice(0, MOST_VIA).map((node) => shortPlace(doc, node))) }) : num(same.indexOf(row) + 1);
  return bracketed(name, via);
}

// Waits

/** Why a shipment is where it is, in the order in which bars stack. */
export const CAUSES = ["moving", "handling", "customs", "queue", "batch", "pool", "closure", "blocked"] as const;

export function causeName(cause: string): string {
  switch (cause) {
    case "moving":
      return t("moving");
    case "handling":
      return t("handling");
    case "customs":
      return tx("cause", "customs");
    case "queue":
      return t("waiting in line");
    case "batch":
      return t("waiting for cargo or a departure");
    case "pool":
      return t("waiting for wagons or a vessel");
    case "closure":
      return t("closed: weather, night, repairs");
    case "blocked":
      return t("held up because it is full ahead");
    default:
      return cause;
  }
}

/** Where a step of a journey is, in words. */
export function stepName(doc: Doc, row: Row): string {
  const [kind, id, node] = [String(row.kind ?? ""), String(row.id ?? ""), String(row.node ?? "")];
  if (row.to_node) {
    const way = `${shortPlace(doc, node)} → ${shortPlace(doc, String(row.to_node))}`;
    if (kind === "service") return bracketed(way, doc.name("input_services", id));
    const mode = doc.row("input_links", id)?.mode;
    return mode ? bracketed(way, word(mode)) : way;
  }
  if (kind === "terminal" && doc.row("input_terminals", id)) return doc.name("input_terminals", id);
  return nodeStep(doc, kind, id, node);
}

function nodeStep(doc: Doc, kind: string, id: string, node: string): string {
  const what = doc.row("input_transfers", id)?.kind ?? kind;
  return node ? colon(shortPlace(doc, node), word(what)) : bracketed(word(what), id);
}

// Resources

const RESOURCES: Record<string, () => string> = {
  track: () => t("track"),
  berth: () => t("berths"),
  crane: () => t("cranes"),
  yard: () => t("yard"),
  gauge_change: () => t("gauge change"),
  documents: () => t("documents"),
  inspection: () => t("inspection"),
  vessels: () => t("vessels"),
  wagons: () => t("wagons"),
};

export function resourceWord(resource: unknown): string {
  return RESOURCES[String(resource)]?.() ?? word(String(resource ?? ""));
}

/** Return what has a capacity in the simulation, with its place and direction: "Port of Baku: berths". */
export function simulatedName(doc: Doc, row: Row): string {
  return colon(whereName(doc, row), resourceWord(row.resource));
}

function whereName(doc: Doc, row: Row): string {
  const id = String(row.id);
  if (resourceTable(row)) return resourceName(doc, row);
  if (row.kind === "fleet") return doc.name("input_fleets", id);
  const node = String(doc.row("input_transfers", id)?.node || row.from_node || "");
  const at = nodeStep(doc, String(row.kind), id, node);
  const way = row.from_node && row.to_node && row.from_node !== row.to_node;
  return way ? bracketed(at, `${shortPlace(doc, String(row.from_node))} → ${shortPlace(doc, String(row.to_node))}`) : at;
}

/** The table of the case that holds the row of a resource. */
export function simulatedTable(row: Row): string {
  const tables: Record<string, string> = { transfer: "input_transfers", border: "input_transfers", fleet: "input_fleets" };
  return tables[String(row.kind)] ?? resourceTable(row);
}

/** Names the same resource in two runs and two tables. */
export function simulatedKey(row: Row): string {
  return [row.kind, row.id, row.from_node, row.to_node, row.resource].map((part) => part ?? "").join("\u0004");
}

/** What a resource serves. */
export function servedWord(name: unknown): string {
  switch (String(name)) {
    case "trains":
      return t("trains");
    case "vessels":
      return t("vessels");
    case "trucks":
      return t("trucks");
    case "wagons":
      return t("wagons");
    default:
      return unit(String(name ?? ""));
  }
}

// Bottlenecks

export type Gain = "saves" | "costs" | "noise";

/** Whether one more of a resource does more than chance. */
export function gainOf(row: Row): Gain {
  const { low, high } = estimate(row, "saved", "_h");
  if (low !== null && low > 0) return "saves";
  return high !== null && high < 0 ? "costs" : "noise";
}

export function gainWord(gain: Gain): string {
  if (gain === "saves") return t("saves time");
  return gain === "costs" ? t("costs time") : t("not more than noise");
}
