/** Free texts of the case: English sentences that the case may bring in other languages too. */

import type { Cell, Doc } from "./document";
import { h } from "./dom";
import { lang } from "./texts";

/**
 * Return a free text in the reader's language where the case has it, else in English and marked so.
 * `part` keeps what is to be shown of it.  Where the translations are still to come it is put right then.
 */
export function freeText(doc: Doc, english: Cell | undefined, part = (text: string): string => text): Node {
  const text = String(english ?? "");
  const coming = lang() === "en" || text === "" ? null : doc.need(["evidence"]);
  if (!coming) return written(doc, text, part);
  const place = h("span", { lang: "en" }, part(text));
  coming.then(() => place.isConnected && place.replaceWith(written(doc, text, part)), () => undefined);
  return place;
}

function written(doc: Doc, text: string, part: (text: string) => string): Node {
  const found = doc.translation(text);
  if (found === undefined && text !== "" && lang() !== "en") return h("span", { lang: "en" }, part(text));
  return document.createTextNode(part(found ?? text));
}
