/** The scoreboard of a run as a tree of elements, and scores by other weights than those of the case. */

import { type Cell, type Doc, number, type Row } from "../core/document";

export interface Element {
  id: string;
  level: string;
  name: string;
  parent: string;
  /** Weight that the case gives; only ratios among siblings count. */
  weight: number;
  children: Element[];
}

/** Reads the scoreboard of one document. */
export class Board {
  readonly summary: Row | undefined;
  readonly units: string[];
  readonly index: Element | undefined;
  readonly pillars: Element[];
  private readonly elements = new Map<string, Element>();
  private readonly scores = new Map<string, Row>();
  private readonly cells = new Map<string, Row>();
  private readonly chances = new Map<string, number>();

  constructor(readonly doc: Doc) {
    this.summary = doc.table("scoreboard")[0];
    this.units = doc.table("input_units").map((row) => String(row.id));
    for (const row of doc.table("input_indicators")) {
      const id = String(row.id);
      this.elements.set(id, { id, level: String(row.level), name: doc.name("input_indicators", id), parent: String(row.parent_id ?? ""), weight: number(row.weight) ?? 1, children: [] });
    }
    for (const one of this.elements.values()) this.elements.get(one.parent)?.children.push(one);
    const all = [...this.elements.values()];
    this.index = all.find((one) => one.level === "index");
    this.pillars = all.filter((one) => one.level === "pillar");
    const year = this.summary?.year;
    for (const row of doc.table("scores")) if (row.year === year) this.scores.set(key(row.unit_id, row.element_id), row);
    for (const row of doc.table("score_cells")) if (row.year === year) this.cells.set(key(row.unit_id, row.indicator_id), row);
    for (const row of doc.table("score_chances")) {
      if (row.year === year) this.chances.set(key(row.unit_id, row.other_unit_id, row.element_id), number(row.above_share) ?? 0);
    }
  }

  unitName(unit: string): string {
    return this.doc.name("input_units", unit);
  }

  element(id: string): Element | undefined {
    return this.elements.get(id);
  }

  /** Name an element by what a row has of it. */
  elementName(id: Cell | undefined): string {
    return this.elements.get(String(id))?.name ?? String(id ?? "");
  }

  /** The score of a pair with interval, rank and coverage; undefined where the run has no such row. */
  score(unit: string, element: string): Row | undefined {
    return this.scores.get(key(unit, element));
  }

  cell(unit: string, indicator: string): Row | undefined {
    return this.cells.get(key(unit, indicator));
  }

  /** Share of the draws in which a pair ranks above another. */
  chance(element: string, unit: string, other: string): number | null {
    return this.chances.get(key(unit, other, element)) ?? null;
  }

  /** Share of the draws in which a pair has each rank; ranks that no draw gave are missing. */
  rankShares(element: string, unit: string): Map<number, number> {
    const own = this.doc.table("score_ranks").filter((row) => row.element_id === element && row.unit_id === unit && row.year === this.summary?.year);
    return new Map(own.map((row) => [Number(row.rank), number(row.draws_share) ?? 0]));
  }

  /** Pairs with a rank in an element, the best first. */
  ranked(element: string): Row[] {
    const rows = this.units.map((unit) => this.score(unit, element)).filter((row): row is Row => number(row?.rank) !== null);
    return rows.sort((a, b) => Number(a.rank) - Number(b.rank));
  }

  /** All indicators below an element. */
  leaves(element: Element): Element[] {
    return element.children.length === 0 ? [element] : element.children.flatMap((child) => this.leaves(child));
  }

  /** Groups of pairs that are statistically tied, the best first; who is tied with nobody is in none. */
  tiedGroups(element: string): string[][] {
    const groups = new Map<string, string[]>();
    for (const row of this.doc.table("score_ties")) {
      if (row.element_id !== element || row.year !== this.summary?.year) continue;
      groups.set(String(row.tie), [...(groups.get(String(row.tie)) ?? []), String(row.unit_id)]);
    }
    return [...groups.values()].filter((group) => group.length > 1);
  }

  /** Scores of all pairs and groups by other weights; those that the case refuses stay without one. */
  rescored(factors: Factors): Rescored {
    const found: Rescored = new Map();
    if (this.index) for (const unit of this.units) this.rescoreUnit(unit, this.index, factors, found);
    return found;
  }

  /**
   * Return the value that goes into the parent.
   *
   * A sub-pillar below half has no score of its own, yet its indicators count for the pillar.
   */
  private rescoreUnit(unit: string, element: Element, factors: Factors, found: Rescored): number | null {
    if (element.children.length === 0) return number(this.cell(unit, element.id)?.normalised);
    let [sum, weights] = [0, 0];
    let whole = true;
    for (const child of element.children) {
      const value = this.rescoreUnit(unit, child, factors, found);
      if (value === null) whole = false;
      const weight = child.weight * (factors.get(child.id) ?? 1);
      if (value === null || weight === 0) continue;
      sum += weight * value;
      weights += weight;
    }
    const refused = (this.score(unit, element.id)?.reason ?? null) !== null || (element.level === "index" && !whole);
    const value = weights > 0 && !(refused && element.level !== "sub_pillar") ? sum / weights : null;
    found.set(key(unit, element.id), refused ? null : value);
    return value;
  }
}

/** What the reader multiplies the weight of an element with; those that are missing stay as they are. */
export type Factors = ReadonlyMap<string, number>;
type Rescored = Map<string, number | null>;

export function key(...parts: unknown[]): string {
  return parts.join("\u0004");
}

/** As in the engine: scores closer than this share of the largest are equal. */
const TIE = 1e-12;

/** Return the ranks of scores, 1 for the highest, ties with the smallest; a single score has none. */
export function ranksOf(scores: ReadonlyMap<string, number | null>): Map<string, number> {
  const known = [...scores].filter((entry): entry is [string, number] => entry[1] !== null);
  if (known.length < 2) return new Map();
  const gap = TIE * Math.max(...known.map(([, score]) => Math.abs(score)));
  return new Map(known.map(([id, score]) => [id, 1 + known.filter(([, other]) => other - score > gap).length]));
}
