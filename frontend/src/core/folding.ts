/** Places that unfold: what few readers need, out of the way of the others. */

import { h } from "./dom";
import { onPrinting, printing, printingAll } from "./printing";

export interface Folding {
  /** Attributes of the place. */
  attrs?: Record<string, string>;
  open?: boolean;
  /** Whether a page that is printed alone unfolds it; all pages together stay short. */
  paper?: boolean;
}

/** Return a place that unfolds; `draw` fills it when it is first opened. */
export function folded(summary: (Node | string)[], draw: (body: HTMLElement) => void, { attrs = {}, open = false, paper = false }: Folding = {}): HTMLDetailsElement {
  const body = h("div", { class: "folded" });
  let drawn = false;
  const fill = (): void => {
    if (!drawn) draw(body);
    drawn = true;
  };
  const box = h("details", { ...attrs, open, ontoggle: () => box.open && fill() }, h("summary", {}, ...summary), body) as HTMLDetailsElement;
  // Once it is on the page: tables fit themselves to the room they find.
  if (open) queueMicrotask(fill);
  if (!paper) return box;
  let opened = false;
  const forget = onPrinting(() => {
    if (!box.isConnected) forget();
    else if (printing() && !printingAll() && !box.open) {
      [box.open, opened] = [true, true];
      fill();
    } else if (!printing() && opened) [box.open, opened] = [false, false];
  });
  return box;
}
