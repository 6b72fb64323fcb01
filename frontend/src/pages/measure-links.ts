/** Links from a result to the measures of the case that it names. */

import { ids, type Cell } from "../core/document";
import { button, h } from "../core/dom";
import type { Context } from "../core/pages";
import { clauses } from "../core/phrases";

/** Return a link that leads to a measure on its page. */
export function measureLink(ctx: Context, id: string): HTMLElement {
  return button(ctx.doc.name("measures", id), () => ctx.go("measures", { measure: id }), { class: "link" });
}

/** Return a list of links to measures, given as "id;id"; a dash where there is none. */
export function measureLinks(ctx: Context, text: Cell | undefined): HTMLElement {
  const measures = ids(text);
  if (measures.length === 0) return h("span", { class: "muted" }, "–");
  return h("ul", { class: "plain-list" }, ...measures.map((id) => h("li", {}, measureLink(ctx, id))));
}

/** Return the titles of measures, given as "id;id". */
export function measureTitles(ctx: Context, text: Cell | undefined): string {
  return clauses(ids(text).map((id) => ctx.doc.name("measures", id)));
}
