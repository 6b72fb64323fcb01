// The figures of the pairs: what a run says of each, and how it differs from a reference run.
import type { Doc, Row } from "../core/document";
import { number } from "../core/document";
import { pairName, pairsOf } from "../core/routes";

export interface PairFigures {
  id: string;
  name: string;
  best: Row;
}

/** The recommended itinerary of every pair, in the order of the case. */
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

export function median(values: number[]): number | null {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
