// What differs between two runs, in words: of one pair, and of all pairs together.
import { h } from "../core/dom";
import { number, type Doc, type Row } from "../core/document";
import { num, t, withSign } from "../core/texts";
import { difference, differs, median, pairChanges } from "./figures";

/** A column of the itineraries, and a difference of it in words. */
export interface Quantity {
  column: string;
  change: (value: number) => string;
}

const HOURS_PER_DAY = 24;
export const TIME: Quantity = {
  column: "mean_h",
  change: (hours) => t("{change} days", { change: signed(hours / HOURS_PER_DAY, 1) }),
};
export const FREIGHT: Quantity = {
  column: "cost_usd_per_teu",
  change: (usd) => t("{change} USD", { change: signed(usd, 0) }),
};
export const EMISSIONS: Quantity = {
  column: "co2e_kg_per_teu",
  change: (kg) => t("{change} kg", { change: signed(kg, 0) }),
};

function signed(value: number, digits: number): string {
  return withSign(value, (size) => num(size, digits));
}

/** How a column of a table writes differences: with their sign, as the sentences do. */
export function signedColumn(key: string, digits = 0): (row: Row) => string {
  return (row) => withSign(number(row[key]), (size) => num(size, digits));
}

const UNCHANGED = 1e-6;

/** A difference: lower time, cost and emissions are better; the sign says it too, not colour alone. */
export function changeMark(quantity: Quantity, value: number | null): HTMLElement {
  if (value === null) return h("span", { class: "app-change" }, t("not in the reference"));
  if (Math.abs(value) < UNCHANGED) return h("span", { class: "app-change" }, t("no change"));
  const look = value < 0 ? "is-lower" : "is-higher";
  const arrow = h("span", { "aria-hidden": "true" }, value < 0 ? "▼ " : "▲ ");
  return h("span", { class: `app-change ${look}` }, arrow, quantity.change(value));
}

/** All pairs of a run against another one. */
export interface AllPairs {
  /** "12 of 32": pairs whose recommended itinerary differs. */
  changedText: string;
  median: (quantity: Quantity) => number | null;
}

export function allPairs(after: Doc, before: Doc): AllPairs {
  const pairs = pairChanges(after, before);
  const changed = pairs.filter(({ now, then }) => differs(now, then)).length;
  return {
    changedText: t("{changed} of {all}", { changed: num(changed), all: num(pairs.length) }),
    median: ({ column }) => median(pairs.flatMap(({ now, then }) => difference(now, then, column) ?? [])),
  };
}
