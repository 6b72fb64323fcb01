/** What finds no room at any price: why, how much, and which measures would give it some. */

import { ids, number, type Doc, type Row } from "../core/document";
import { h } from "../core/dom";
import { assignmentOf, resourceName } from "../core/flows";
import type { Context } from "../core/pages";
import { colon, listed } from "../core/phrases";
import { num, t } from "../core/texts";
import { unit } from "../core/words";
import { capacityUnit, firstOf } from "./flow-words";
import { measureLink } from "./measure-links";

/** Capacities that are listed; the table of all has the others. */
const MOST_LISTED = 12;
/** Less finds room by rounding. */
const LEAST_TEU = 1;

/** Return what has no room at any price, and the capacities that hold it up; none where all could pass. */
function lacking(doc: Doc): { left: number; rows: Row[] } | null {
  const left = number(assignmentOf(doc)?.left_over_teu) ?? 0;
  const rows = doc.table("bottlenecks").filter((row) => (number(row.lacking) ?? 0) > 0);
  return left >= LEAST_TEU && rows.length > 0 ? { left, rows } : null;
}

/** Tell whether some cargo of a run has no room at any price. */
export function lacksRoom(doc: Doc): boolean {
  return lacking(doc) !== null;
}

/** Say how much has no room at any price, and because of what; nothing where all could pass. */
export function noRoomSentence(doc: Doc): string {
  const found = lacking(doc);
  if (!found) return "";
  const places = listed(firstOf(found.rows.map((row) => resourceName(doc, row))));
  return t("No room at any price for {teu} TEU a year, because of {places}.", { teu: num(found.left), places });
}

/** Say in a few words how much has no room at any price; nothing where all could pass. */
export function noRoomNote(doc: Doc): string {
  const found = lacking(doc);
  return found ? t("no room at any price for {teu} TEU", { teu: num(found.left) }) : "";
}

/** Show what is lacking where, and what each measure would leave without room. */
export function noRoom(root: HTMLElement, ctx: Context): void {
  const found = lacking(ctx.doc);
  if (!found) return;
  root.append(
    h(
      "section",
      { class: "no-room notice" },
      h("h3", {}, t("No room at any price")),
      h("p", {}, t("{teu} TEU a year cannot pass, whatever they pay.", { teu: num(found.left) })),
      h("ul", {}, ...firstOf(found.rows.map((row) => lackText(ctx.doc, row)), MOST_LISTED).map((text) => h("li", {}, text))),
      ...lifting(ctx, found.rows),
    ),
  );
}

function lackText(doc: Doc, row: Row): string {
  const lacks = t("lacking {amount} {unit}, if all of it passed here", { amount: num(number(row.lacking), lackDigits(row)), unit: capacityUnit(row.unit) });
  return colon(resourceName(doc, row), lacks);
}

/** Few departures count by tenths. */
function lackDigits(row: Row): number {
  return (number(row.lacking) ?? 0) < 10 ? 1 : 0;
}

/** What each measure not in force would leave; else what has been done already. */
function lifting(ctx: Context, rows: Row[]): HTMLElement[] {
  const measures = ctx.doc.table("lifting");
  if (measures.length > 0) {
    const items = measures.map((row) => h("li", {}, measureLink(ctx, String(row.measure_id)), " ", restText(row)));
    return [h("p", {}, t("Measures that would add room, each by itself as if it were in force, and what would still have none:")), h("ul", { class: "lifting" }, ...items)];
  }
  const done = new Set(ctx.doc.table("measures").filter((row) => row.applied === true).map((row) => String(row.id)));
  const own = [...new Set(rows.flatMap((row) => ids(row.measures)))].filter((id) => done.has(id));
  if (own.length === 0) return [h("p", {}, t("No measure of the case adds room there."))];
  return [h("p", {}, t("What adds room there is in force already: {measures}.", { measures: listed(own.map((id) => ctx.doc.name("measures", id))) }))];
}

function restText(row: Row): string {
  const rest = number(row.left_over_teu) ?? 0;
  return rest < LEAST_TEU ? t("(nothing)") : t("({amount} a year)", { amount: `${num(rest)} ${unit("TEU")}` });
}
