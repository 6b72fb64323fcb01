/** A place for a table that may be wider than the screen, and the words that say so. */

import { h } from "./dom";
import { t } from "./texts";

/** Return the place; it can be scrolled by keyboard. */
export function scrollPlace(caption: string, table: HTMLElement): HTMLElement {
  return h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": caption }, table);
}

export function isWide(place: HTMLElement): boolean {
  return place.scrollWidth > place.clientWidth + 1;
}

/** Mark a place that has to be scrolled; its note shows only then. */
export function markWide(place: HTMLElement): void {
  place.classList.toggle("scrolls", isWide(place));
}

/** Return the note for the foot of a table. */
export function sidewaysNote(): HTMLElement {
  return h("span", { class: "muted sideways" }, t("Wider than the screen: scroll it sideways."));
}

/** Return a place for a wide table that says so where it has to be scrolled. */
export function scrolling(caption: string, table: HTMLElement): HTMLElement {
  const place = scrollPlace(caption, table);
  new ResizeObserver(() => markWide(place)).observe(place);
  return h("div", { class: "data-table" }, place, h("div", { class: "table-foot" }, sidewaysNote()));
}
