// The five pillars of two runs: which moved, by which indicator, and whether it is more than noise.
import { number, type Row } from "../core/document";
import { clear, h } from "../core/dom";
import type { Context } from "../core/pages";
import { clauses, colon, sentences } from "../core/phrases";
import { dataTable } from "../core/table";
import { t } from "../core/texts";
import { signed } from "../pages/pillar-words";
import type { ScoreDiff } from "./api";

const MOST_PARTS = 3;

/** Draw what moved; nothing where the case has no scoreboard. */
export function compareScores(place: HTMLElement, ctx: Context, changes: ScoreDiff[]): void {
  clear(place);
  if (ctx.doc.table("scores").length === 0) return;
  place.append(h("h2", {}, t("Five pillars")));
  if (changes.length === 0) {
    place.append(h("p", { class: "app-nothing" }, t("No pillar moved.")));
    return;
  }
  const sure = changes.filter((change) => change.beyond_noise).length;
  place.append(
    h("p", {}, sentences([t("Scores that moved: {count}, of them by more than noise: {sure}.", { count: changes.length, sure }), t("Both scenarios are drawn with the same weights, means and carried values; a change is more than noise where its interval lies on one side of zero."), t("The error of the model itself is not drawn: more than noise says that the direction holds within the model, not how well the model meets the world.")])),
  );
  dataTable(
    place,
    ctx,
    changes.map((change) => rowOf(ctx, change)),
    [
      { key: "name", title: t("pair and pillar") },
      { key: "before", title: t("score before"), kind: "number", digits: 1, fold: 3 },
      { key: "after", title: t("score after"), kind: "number", digits: 1, fold: 4 },
      { key: "change", title: t("change"), kind: "number", text: (row) => signed(number(row.change), 1) },
      { key: "interval", title: t("interval of the change"), fold: 2 },
      { key: "noise", title: t("more than noise") },
      { key: "by", title: t("by which indicators"), fold: 1 },
    ],
    { caption: t("Pillars that moved, 0 to 100"), file: "compared-pillars", filter: true, pageSize: 20, choices: ["noise"], saved: ["unit_id", "element_id"] },
  );
}

/** A change near zero gets a second digit: an interval that begins at +0.04 does not begin at zero. */
function points(value: number): string {
  return signed(value, Math.abs(value) < 0.05 ? 2 : 1);
}

function rowOf(ctx: Context, change: ScoreDiff): Row {
  const { before, after } = change;
  const name = (id: string): string => ctx.doc.name("input_indicators", id);
  return {
    unit_id: change.unit_id,
    element_id: change.element_id,
    name: colon(ctx.doc.name("input_units", change.unit_id), name(change.element_id)),
    before,
    interval: change.change_low === null || change.change_high === null ? "–" : `${points(change.change_low)} … ${points(change.change_high)}`,
    after,
    change: before === null || after === null ? null : after - before,
    noise: change.beyond_noise ? t("yes") : t("no"),
    by: clauses(change.parts.slice(0, MOST_PARTS).map((part) => `${name(part.element_id)} ${points(part.points)}`)),
  };
}
