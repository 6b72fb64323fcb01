// Headline figures: time, cost and emissions of a pair and of all pairs, against a reference run.
import { add, button, clear, h, select } from "../core/dom";
import { number, type Doc, type Row } from "../core/document";
import { days, num, t } from "../core/texts";
import { bestOf, difference, differs, median, pairFigures } from "./figures";

export interface Reference {
  doc: Doc;
  title: string;
}

/** Draw the figures; `choose` gets the pair that the reader picks. */
export function headline(
  place: HTMLElement,
  doc: Doc,
  reference: Reference | null,
  pair: string,
  choose: (pair: string) => void,
  follow: () => void,
): void {
  const had = place.contains(document.activeElement) && document.activeElement instanceof HTMLSelectElement;
  clear(place);
  const pairs = pairFigures(doc);
  const options = pairs.map(({ id, name }) => ({ value: id, text: name }));
  const picker = select(t("Pair"), options, pair, choose);
  picker.classList.add("app-pair");
  add(place, picker, cards(doc, reference, pair), referenceLine(reference, follow));
  // The figures are drawn anew; whoever was choosing with the keyboard goes on choosing.
  if (had) place.querySelector("select")?.focus({ preventScroll: true });
}

function cards(doc: Doc, reference: Reference | null, pair: string): HTMLElement {
  const now = bestOf(doc, pair);
  const then = reference ? bestOf(reference.doc, pair) : undefined;
  const list = h("ul", { class: "app-cards" });
  if (!now) {
    add(list, card(t("Recommended itinerary"), t("none"), t("This run finds no itinerary for the pair."), null));
  } else {
    add(list, timeCard(now, then, reference), costCard(now, then, reference), emissionsCard(now, then, reference));
  }
  add(list, networkCard(doc, reference));
  return list;
}

function timeCard(now: Row, then: Row | undefined, reference: Reference | null): HTMLElement {
  const value = t("{days} days", { days: days(number(now["mean_h"])) });
  const range = t("eight in ten take {low} to {high} days", {
    low: days(number(now["p10_h"])),
    high: days(number(now["p90_h"])),
  });
  const hours = difference(now, then, "mean_h");
  const text = hours === null ? null : t("{change} days", { change: signed(hours / 24, 1) });
  return card(t("Door to door"), value, range, reference ? change(text, hours) : null);
}

function costCard(now: Row, then: Row | undefined, reference: Reference | null): HTMLElement {
  const cost = number(now["cost_usd_per_teu"]);
  const usd = difference(now, then, "cost_usd_per_teu");
  const text = usd === null ? null : t("{change} USD", { change: signed(usd, 0) });
  const note = t("per TEU; no interval, rates are single figures");
  return card(t("Freight"), t("{cost} USD", { cost: num(cost, 0) }), note, reference ? change(text, usd) : null);
}

function emissionsCard(now: Row, then: Row | undefined, reference: Reference | null): HTMLElement {
  const kg = number(now["co2e_kg_per_teu"]);
  const more = difference(now, then, "co2e_kg_per_teu");
  const text = more === null ? null : t("{change} kg", { change: signed(more, 0) });
  const note = t("CO2e per TEU; no interval, factors are single figures");
  return card(t("Emissions"), t("{kg} kg", { kg: num(kg, 0) }), note, reference ? change(text, more) : null);
}

/** All pairs together: how many have another recommended itinerary or other figures, and by how much. */
function networkCard(doc: Doc, reference: Reference | null): HTMLElement {
  const pairs = pairFigures(doc);
  if (!reference) {
    const time = median(pairs.flatMap(({ best }) => number(best["mean_h"]) ?? []));
    const value = t("{days} days", { days: days(time) });
    return card(t("All pairs"), value, t("median time of {count} pairs", { count: pairs.length }), null);
  }
  const before = pairs.map(({ id }) => bestOf(reference.doc, id));
  const changed = pairs.filter(({ best }, i) => differs(best, before[i])).length;
  const hours = median(pairs.flatMap(({ best }, i) => difference(best, before[i], "mean_h") ?? []));
  const value = t("{changed} of {all}", { changed: num(changed), all: num(pairs.length) });
  const text = hours === null ? null : t("{change} days", { change: signed(hours / 24, 1) });
  return card(t("Pairs with other figures"), value, t("median change of time:"), change(text, hours));
}

function card(title: string, value: string, note: string, difference: HTMLElement | null): HTMLElement {
  return h(
    "li",
    { class: "app-card" },
    h("span", { class: "app-card-title" }, title),
    h("span", { class: "app-card-value" }, value),
    h("span", { class: "app-card-note" }, note),
    difference,
  );
}

const UNCHANGED = 1e-6;

/** A difference: lower time, cost and emissions are better; the sign says it too, not colour alone. */
export function change(text: string | null, value: number | null): HTMLElement {
  if (text === null || value === null) return h("span", { class: "app-change" }, t("not in the reference"));
  if (Math.abs(value) < UNCHANGED) return h("span", { class: "app-change" }, t("no change"));
  const look = value < 0 ? "is-lower" : "is-higher";
  return h("span", { class: `app-change ${look}` }, h("span", { "aria-hidden": "true" }, value < 0 ? "▼ " : "▲ "), text);
}

export function signed(value: number, digits: number): string {
  const text = num(Math.abs(value), digits);
  return value < 0 ? `−${text}` : `+${text}`;
}

function referenceLine(reference: Reference | null, follow: () => void): HTMLElement {
  const text = reference
    ? t("Differences against: {reference}.", { reference: reference.title })
    : t("This is the run that others are set against.");
  return h("p", { class: "app-reference" }, text, " ", button(t("Legs and sources of these figures"), follow, { class: "link" }));
}
