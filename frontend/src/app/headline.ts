// Headline figures: time, cost and emissions of a pair and of all pairs, against a reference run.
import { add, button, clear, h, select } from "../core/dom";
import { number, type Doc, type Row } from "../core/document";
import { days, num, t } from "../core/texts";
import { allPairs, changeMark, EMISSIONS, FREIGHT, TIME, type Quantity } from "./changes";
import { bestOf, difference, median, pairFigures, pairNames } from "./figures";

export interface Reference {
  doc: Doc;
  title: string;
}

/** Draw the figures; `choose` gets the pair that the reader picks. "coming" is a reference that is being computed. */
export function headline(
  place: HTMLElement,
  doc: Doc,
  asked: Reference | "coming" | null,
  pair: string,
  choose: (pair: string) => void,
  follow: () => void,
): void {
  const reference = asked === "coming" ? null : asked;
  const had = place.contains(document.activeElement) && document.activeElement instanceof HTMLSelectElement;
  clear(place);
  const options = pairNames(doc).map(({ id, name }) => ({ value: id, text: name }));
  const picker = select(t("Pair"), options, pair, choose);
  picker.classList.add("app-pair");
  add(place, picker, cards(doc, reference, pair), referenceLine(asked, follow));
  // The figures are drawn anew; whoever was choosing with the keyboard goes on choosing.
  if (had) place.querySelector("select")?.focus({ preventScroll: true });
}

function cards(doc: Doc, reference: Reference | null, pair: string): HTMLElement {
  const now = bestOf(doc, pair);
  const then = reference ? bestOf(reference.doc, pair) : undefined;
  const list = h("ul", { class: "app-cards" });
  if (!now) {
    add(list, card(t("Recommended itinerary"), t("none"), t("This run finds no itinerary for the pair.")));
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
  return card(t("Door to door"), value, range, reference && changed(TIME, now, then));
}

function costCard(now: Row, then: Row | undefined, reference: Reference | null): HTMLElement {
  const value = t("{cost} USD", { cost: num(number(now["cost_usd_per_teu"])) });
  const note = t("per TEU; no interval, rates are single figures");
  return card(t("Freight"), value, note, reference && changed(FREIGHT, now, then));
}

function emissionsCard(now: Row, then: Row | undefined, reference: Reference | null): HTMLElement {
  const value = t("{kg} kg", { kg: num(number(now["co2e_kg_per_teu"])) });
  const note = t("CO2e per TEU; no interval, factors are single figures");
  return card(t("Emissions"), value, note, reference && changed(EMISSIONS, now, then));
}

function changed(quantity: Quantity, now: Row, then: Row | undefined): HTMLElement {
  return changeMark(quantity, difference(now, then, quantity.column));
}

/** All pairs together: how many have another recommended itinerary or other figures, and by how much. */
function networkCard(doc: Doc, reference: Reference | null): HTMLElement {
  if (reference) {
    const all = allPairs(doc, reference.doc);
    return card(t("Pairs with other figures"), all.changedText, t("median change of time:"), changeMark(TIME, all.median(TIME)));
  }
  const pairs = pairFigures(doc);
  const time = median(pairs.flatMap(({ best }) => number(best["mean_h"]) ?? []));
  return card(t("All pairs"), t("{days} days", { days: days(time) }), t("median time of {count} pairs", { count: pairs.length }));
}

export function card(title: string, value: string | HTMLElement, note = "", difference: HTMLElement | null = null): HTMLElement {
  return h(
    "li",
    { class: "app-card" },
    h("span", { class: "app-card-title" }, title),
    h("span", { class: "app-card-value" }, value),
    note ? h("span", { class: "app-card-note" }, note) : null,
    difference,
  );
}

function referenceLine(asked: Reference | "coming" | null, follow: () => void): HTMLElement {
  let text = t("This is the run that others are set against.");
  if (asked === "coming") text = t("Differences follow when the run that they are set against is there.");
  else if (asked) text = t("Differences against: {reference}.", { reference: asked.title });
  return h("p", { class: "app-reference" }, text, " ", button(t("Legs and sources of these figures"), follow, { class: "link" }));
}
