/** How scores, intervals, coverage and missing scores of the pillars are said. */

import { number, type Row } from "../core/document";
import { bracketed, listed } from "../core/phrases";
import { num, percent, t, withSign } from "../core/texts";
import type { Board } from "./pillar-board";

/** Say how many indicators a score rests on. */
export function coverageText(row: Row | undefined): string {
  return t("{known} of {all}", { known: num(number(row?.known)), all: num(number(row?.indicators)) });
}

export function indicatorsText(row: Row | undefined): string {
  return t("{known} of {all} indicators", { known: num(number(row?.known)), all: num(number(row?.indicators)) });
}

/** Return the ends of an interval. */
export function rangeText(row: Row | undefined, kind: "score" | "rank"): string {
  return `${num(number(row?.[`${kind}_low`]))}–${num(number(row?.[`${kind}_high`]))}`;
}

/** Return a rank among those that have one, with its interval. */
export function rankText(row: Row | undefined): string {
  return bracketed(t("{known} of {all}", { known: num(number(row?.rank)), all: num(number(row?.ranked)) }), rangeText(row, "rank"));
}

/** Say why an element has no score for a pair. */
export function reasonText(board: Board, row: Row): string {
  const unit = String(row.unit_id);
  if (row.reason === "pillar without score" && row.level === "index") {
    const short = board.pillars.filter((pillar) => number(board.score(unit, pillar.id)?.score) === null);
    return t("no score of {pillars}", { pillars: listed(short.map((pillar) => pillar.name)) });
  }
  if (row.reason === "pillar without score") return t("its pillar has no score");
  return t("{coverage} indicators with data, less than half", { coverage: coverageText(row) });
}

/** Return a share of draws; the ends of what was drawn are no certainty. */
export function chanceText(share: number): string {
  if (share > 0 && share < 0.01) return t("under {share}", { share: percent(0.01) });
  if (share < 1 && share > 0.99) return t("over {share}", { share: percent(0.99) });
  return percent(share);
}

/** Return a change with its sign; a dash where it is not known. */
export function signed(change: number | null, digits: number): string {
  return withSign(change, (value) => num(value, digits));
}
