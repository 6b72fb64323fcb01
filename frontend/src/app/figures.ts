// The figures of the pairs: what a run says of each, and how it differs from a reference run.
import type { Doc, Row } from "../core/document";
import { number } from "../core/document";
import { pairName, pairsOf } from "../core/routes";

export interface PairFigures {
  id: string;
  name: string;
  best: Row;
}

/** Every pair of the case, also those that a run finds no way for. */
export function pairNames(doc: Doc): { id: string; name: string }[] {
  return doc.table("input_pairs").map((row) => ({ id: String(row["id"]), name: pairName(doc, row) }));
}

/** The recommended itinerary of every pair that has one, in the order of the case. */
export function pairFigures(doc: Doc): PairFigures[] {
  return pairsOf(doc).flatMap((pair) => {
    const best = pair.itineraries[0];
    return best ? [{ id: pair.id, name: pairName(doc, pair), best }] : [];
  });
}

export function bestOf(doc: Doc, pair: string): Row | undefined {
  return doc.table("itineraries").find((row) => row["pair_id"] === pair && row["rank"] === 1);
}

/** After minus before; null where one of them is missing. */
export function difference(after: Row | undefined, before: Row | undefined, column: string): number | null {
  const [now, then] = [number(after?.[column]), number(before?.[column])];
  return now === null || then === null ? null : now - then;
}

const CHANGED_COLUMNS = ["mean_h", "cost_usd_per_teu", "co2e_kg_per_teu", "nodes"];
const ROUNDING = 1e-6;

/** Does anything that a reader would see differ between two rows? */
export function differs(after: Row | undefined, before: Row | undefined): boolean {
  if (!after || !before) return after !== before;
  return CHANGED_COLUMNS.some((column) => {
    const [a, b] = [after[column], before[column]];
    if (typeof a === "number" && typeof b === "number") {
      return Math.abs(a - b) > ROUNDING * Math.max(1, Math.abs(b));
    }
    return a !== b;
  });
}

export interface PairChange {
  id: string;
  name: string;
  now: Row | undefined;
  then: Row | undefined;
}

/** Every pair for which one of two runs at least finds a way. */
export function pairChanges(after: Doc, before: Doc): PairChange[] {
  const all = pairNames(after).map(({ id, name }) => ({ id, name, now: bestOf(after, id), then: bestOf(before, id) }));
  return all.filter(({ now, then }) => now !== undefined || then !== undefined);
}

export function median(values: number[]): number | null {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
