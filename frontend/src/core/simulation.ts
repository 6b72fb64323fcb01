/** The simulation of a run: its rows, intervals, and the names of what it played. */

import { type Doc, number, type Row } from "./document";
import { alternativeName, mainAlternative, resourceName, resourceTable } from "./flows";
import { bracketed, clauses, colon, listed } from "./phrases";
import { shortPlace, wayText } from "./routes";
import { days, fromData, num, percent, t, tx } from "./texts";
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

/** Journeys of one cargo from one place to another; they differ in their way. */
export interface JourneyGroup {
  name: string;
  /** Those of the case's main route first, the largest first. */
  journeys: Row[];
}

/** The journeys by pair and cargo: the pairs of the case first, in its order, then those with most on its main route. */
export function journeyGroups(doc: Doc): JourneyGroup[] {
  const groups = new Map<string, JourneyGroup & { order: number; own: number; teu: number }>();
  const pairs = doc.table("input_pairs").map((row) => `${String(row.origin)} ${String(row.destination)}`);
  const main = mainAlternative(doc);
  for (const row of doc.table("simulated_journeys")) {
    const name = journeyPair(doc, row);
    const place = pairs.indexOf(`${String(row.origin)} ${String(row.destination)}`);
    const group = groups.get(name) ?? { name, journeys: [], order: place < 0 ? pairs.length : place, own: 0, teu: 0 };
    groups.set(name, group);
    group.journeys.push(row);
    group.teu += arrivedTeu(row);
    if (row.alternative_id === main) group.own += arrivedTeu(row);
  }
  const side = (row: Row): number => Number(row.alternative_id !== main);
  for (const { journeys } of groups.values()) journeys.sort((a, b) => side(a) - side(b) || arrivedTeu(b) - arrivedTeu(a));
  return [...groups.values()].sort((a, b) => a.order - b.order || b.own - a.own || b.teu - a.teu);
}

function arrivedTeu(row: Row): number {
  return number(row.arrived_teu_per_year) ?? 0;
}

/** Return origin, destination and cargo of a journey. */
function journeyPair(doc: Doc, row: Row): string {
  const way = wayText(doc, row);
  return row.commodity_id ? `${way} · ${doc.name("input_commodities", String(row.commodity_id))}` : way;
}

/** Names of journeys: pair, cargo and way. */
export function journeyNames(doc: Doc): Map<string, string> {
  const named = journeyGroups(doc).flatMap(({ name, journeys }) => {
    const ways = wayNames(doc, journeys);
    return journeys.map((row): [string, string] => [String(row.journey_id), clauses([name, ways.get(row)!].filter(Boolean))]);
  });
  return new Map(named);
}

/** Most places and services that tell a way from the others. */
const MOST_TOLD = 3;

/** Name the ways of journeys of one pair: the route, and where it is the same what tells them apart. */
export function wayNames(doc: Doc, journeys: Row[]): Map<Row, string> {
  const route = (row: Row): string => (row.alternative_id ? alternativeName(doc, String(row.alternative_id)) : "");
  const marks = new Map(journeys.map((row) => [row, marksOf(doc, row)]));
  return new Map(
    journeys.map((row) => {
      const same = journeys.filter((other) => route(other) === route(row));
      if (same.length < 2) return [row, route(row)];
      const own = ownMarks(marks.get(row)!, same.filter((other) => other !== row).map((other) => marks.get(other)!));
      const told = own.length > 0 ? listed(own) : t("no. {number}", { number: same.indexOf(row) + 1 });
      return [row, route(row) ? bracketed(route(row), told) : told];
    }),
  );
}

/** What a journey passes and uses, by name: places, then services. */
function marksOf(doc: Doc, row: Row): Set<string> {
  const nodes = String(row.nodes ?? "").split(";").filter(Boolean);
  const steps = doc.table("simulated_waits").filter((wait) => wait.journey_id === row.journey_id && wait.kind === "service");
  return new Set([...nodes.map((node) => shortPlace(doc, node)), ...steps.map((step) => doc.name("input_services", String(step.id)))]);
}

/** Return as few marks as tell one from all others, those that few others have first; none where they do not. */
function ownMarks(marks: Set<string>, others: Set<string>[]): string[] {
  const found: string[] = [];
  let left = others;
  while (left.length > 0 && found.length < MOST_TOLD) {
    const without = (mark: string): Set<string>[] => left.filter((other) => !other.has(mark));
    const best = [...marks].sort((a, b) => without(b).length - without(a).length)[0];
    if (best === undefined || without(best).length === 0) return [];
    found.push(best);
    left = left.filter((other) => other.has(best));
  }
  return left.length === 0 ? found : [];
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
      return tx("cause", "customs and holds");
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
  const place = shortPlace(doc, node);
  // A train or a vessel that is waited for: its service, or where its line leads.
  if (kind === "service" && node) return colon(place, doc.name("input_services", id));
  const link = kind === "link" ? doc.row("input_links", id) : undefined;
  if (link && node) {
    const other = link.from_node === node ? link.to_node : link.from_node;
    return bracketed(t("{place}, towards {other}", { place, other: shortPlace(doc, String(other)) }), word(link.mode));
  }
  const what = doc.row("input_transfers", id)?.kind ?? kind;
  return node ? colon(place, word(what)) : bracketed(word(what), id);
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
  // The vessels of a service are a fleet that no row of the fleets stands for alone.
  if (row.kind === "fleet") return doc.name(doc.row("input_fleets", id) ? "input_fleets" : "input_services", id);
  const node = String(doc.row("input_transfers", id)?.node || row.from_node || "");
  const at = nodeStep(doc, String(row.kind), id, node);
  const way = row.from_node && row.to_node && row.from_node !== row.to_node;
  return way ? bracketed(at, `${shortPlace(doc, String(row.from_node))} → ${shortPlace(doc, String(row.to_node))}`) : at;
}

/** The table of the case that holds the row of a resource. */
export function simulatedTable(row: Row): string {
  const tables: Record<string, string> = { transfer: "input_transfers", border: "input_transfers", fleet: "input_services" };
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

// Cautions

/** What the program says of a simulation, by its pattern; other texts stay English. */
const CAUTIONS: [RegExp, (found: string[], doc: Doc) => string][] = [
  [
    /^service (\S+): more arrives at (\S+) than its departures take; the line grows by (\S+) lots a day$/,
    ([service, node, lots], doc) =>
      t("{service}: more arrives at {place} than its departures take. The line grows by {lots} boxes and wagons a day.", {
        service: doc.name("input_services", service ?? ""),
        place: shortPlace(doc, node ?? ""),
        lots: num(Number(lots), 1),
      }),
  ],
  [/^(\S+) TEU a year on small itineraries are left out$/, ([teu]) => t("Not simulated, as it goes by itineraries with little cargo: {teu} TEU a year.", { teu: whole(teu) })],
  [/^1 replication: there is no interval/, () => t("Only one replication: there are no intervals.")],
  [/^(\S+) replications: the interval is wide/, ([count]) => t("Only {count} replications: the intervals are wide, and their width is unsure itself.", { count: whole(count) })],
  [/^(\S+) observations a replication: the mean of so few/, ([count]) => t("Only {count} arrivals a replication: means of so few are skewed, which more replications do not mend.", { count: whole(count) })],
  [/^replication (\d+): (.*)$/, ([index, why]) => colon(t("replication {index}", { index: whole(index) }), why ?? "")],
];

function whole(text: string | undefined): string {
  return num(Number((text ?? "").replaceAll(",", "")));
}

/** What the page says of a resource in its own words, by its row. */
const GROWING = /^\S+ \S+: more arrives than \S+ can serve; the line grows by \S+ \S+ a day$/;

/** Return the cautions of a run that no row of its resources says as well. */
export function cautionsOf(run: Row): string[] {
  return String(run.cautions ?? "")
    .split("\n")
    .filter((line) => line && !GROWING.test(line));
}

/** Return a caution in the reader's language, as far as it is known. */
export function cautionText(doc: Doc, line: string): string {
  for (const [pattern, say] of CAUTIONS) {
    const found = pattern.exec(line);
    if (found) return say(found.slice(1), doc);
  }
  return fromData(line);
}
