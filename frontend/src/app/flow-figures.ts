// Headline figures of the flows: what the main alternative carries, what stays away, the most valuable bottleneck.
import { number, type Doc } from "../core/document";
import { h } from "../core/dom";
import { alternativeName, amountText, assignmentOf, bottlenecksOf, type Cargo, carriedBy, mainAlternative, moneyText, resourceName, UNSERVED } from "../core/flows";
import { clauses, colon, listed } from "../core/phrases";
import { t, withSign } from "../core/texts";
import { moreText } from "../pages/flow-words";
import { noRoomNote } from "../pages/no-room";
import { card, type Reference } from "./headline";

const CARGOES: readonly Cargo[] = ["container", "loose"];

/** Return the cards of a run's flows, for a place below the map; null where it has no flows. */
export function flowCards(doc: Doc, reference: Reference | null): HTMLElement | null {
  if (!assignmentOf(doc)) return null;
  const main = mainAlternative(doc);
  const cards = main ? [amountCard(alternativeName(doc, main), doc, reference, main, demandYear(doc))] : [];
  return h("ul", { class: "app-cards" }, ...cards, amountCard(t("Not served"), doc, reference, UNSERVED, noRoomNote(doc)), bottleneckCard(doc));
}

/** Say of which year the demand is, where it is not that of the network. */
function demandYear(doc: Doc): string {
  const year = assignmentOf(doc)?.flows_year;
  return year === doc.meta.year ? "" : t("demand of {year}", { year: String(year) });
}

function amountCard(title: string, doc: Doc, reference: Reference | null, alternative: string, more = ""): HTMLElement {
  const [boxes, loose] = CARGOES.map((cargo) => carriedBy(doc, cargo).get(alternative) ?? 0);
  const note = t("a year, and {amount} of loose cargo", { amount: amountText(loose!, "loose") });
  const change = reference && amountChange(doc, reference.doc, alternative);
  return card(title, amountText(boxes!, "container"), clauses([note, more].filter(Boolean)), change);
}

function amountChange(doc: Doc, before: Doc, alternative: string): HTMLElement {
  const parts = CARGOES.map((cargo) => {
    const [now, then] = [doc, before].map((one) => carriedBy(one, cargo).get(alternative) ?? 0);
    return signedAmount(now! - then!, cargo);
  });
  return h("span", { class: "app-change" }, listed(parts));
}

/** Return an amount with its sign: more carried is neither good nor bad in itself. */
export function signedAmount(change: number, cargo: Cargo): string {
  return withSign(change, (value) => amountText(value, cargo));
}

/** The capacity of which one step more gains the most. */
function bottleneckCard(doc: Doc): HTMLElement {
  const title = t("Most valuable bottleneck");
  const first = bottlenecksOf(doc).find((row) => number(row.rank) === 1);
  const gain = number(first?.gain_usd);
  if (!first || gain === null) return card(title, t("none"));
  return card(title, t("{gain} a year", { gain: moneyText(gain) }), colon(resourceName(doc, first), moreText(doc, first)));
}
