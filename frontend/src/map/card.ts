/** The card beside the map with the facts of what is pointed at. */

import { h } from "../core/dom";
import type { Context } from "../core/pages";
import { t } from "../core/texts";
import { type Carried, factsOf } from "./facts";
import type { Hit } from "./hit";

export class FactsCard {
  readonly element: HTMLElement;
  hit: Hit | null = null;
  /** A pinned card stays when the pointer leaves, and its buttons work. */
  pinned = false;

  constructor(
    private readonly ctx: Context,
    private readonly close: () => void,
  ) {
    this.element = h("div", { class: "map-card", hidden: true });
    // A card opened from the keyboard is closed from it too.
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
  }

  show(hit: Hit | null, carried: Carried, pinned: boolean): void {
    this.hit = hit;
    this.pinned = pinned;
    this.element.hidden = hit === null;
    this.element.classList.toggle("pinned", pinned);
    if (!hit) return;
    this.element.replaceChildren(...factsOf(this.ctx, hit, carried, pinned));
    if (pinned) this.element.append(this.closeButton());
  }

  private closeButton(): HTMLElement {
    const label = t("Close");
    const attributes = { type: "button", class: "map-close", "aria-label": label, title: label };
    return h("button", { ...attributes, onclick: () => this.close() }, "×");
  }
}

export function sameHit(a: Hit | null, b: Hit | null): boolean {
  if (!a || !b) return a === b;
  if ("node" in a) return "node" in b && a.node === b.node;
  return "link" in b && a.link === b.link;
}
