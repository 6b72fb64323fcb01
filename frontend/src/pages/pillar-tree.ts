/** From a score down: sub-pillars, indicators, and each cell with its status, year and sources. */

import { number, type Row } from "../core/document";
import { h } from "../core/dom";
import { folded } from "../core/folding";
import type { Context } from "../core/pages";
import { colon } from "../core/phrases";
import { sourceButtons, statusMark } from "../core/sources";
import { num, percent, t } from "../core/texts";
import { unit as unitText } from "../core/words";
import type { Board, Element } from "./pillar-board";
import { cellDialogButton, valueText } from "./pillar-cells";
import { indicatorsText, rangeText, reasonText } from "./pillar-words";

/** Draw the pillars of a pair, each unfolding to what its score is made of. */
export function scoreTree(root: HTMLElement, ctx: Context, board: Board, unit: string): void {
  for (const pillar of board.pillars) {
    root.append(folded(head(board, board.score(unit, pillar.id), pillar.name), (body) => fillPillar(body, ctx, board, unit, pillar), { attrs: { class: "score-node", "data-element": pillar.id }, paper: true }));
  }
}

/** Return a line: name, bar, score with its interval, coverage or why there is no score. */
export function head(board: Board, row: Row | undefined, name: string): Node[] {
  const score = number(row?.score);
  const figure = score === null ? h("span", { class: "score-none" }, t("no score")) : h("span", { class: "score-value" }, num(score, 1), " ", h("small", {}, rangeText(row, "score")));
  const why = row && score === null ? h("span", { class: "muted score-why" }, reasonText(board, row)) : h("span", { class: "muted score-why" }, indicatorsText(row));
  return [h("span", { class: "score-name" }, name), bar(score), figure, why];
}

function bar(score: number | null): HTMLElement {
  const box = h("span", { class: score === null ? "score-bar no-score" : "score-bar", "aria-hidden": "true" });
  box.style.setProperty("--score", `${score ?? 0}%`);
  return box;
}

function fillPillar(body: HTMLElement, ctx: Context, board: Board, unit: string, pillar: Element): void {
  for (const part of pillar.children) {
    if (part.children.length > 0) body.append(h("div", { class: "score-part" }, ...head(board, board.score(unit, part.id), part.name)));
    body.append(h("ul", { class: "score-cells" }, ...board.leaves(part).map((leaf) => cellItem(ctx, board, unit, leaf))));
  }
}

/** Return a cell: value, year, status, score, its weight in the pillar if that is the matter, sources. */
export function cellItem(ctx: Context, board: Board, unit: string, leaf: Element, weighed = true): HTMLElement {
  const row = board.cell(unit, leaf.id);
  if (!row || number(row.value) === null) {
    return h("li", { class: "no-cell" }, row ? cellDialogButton(ctx, row) : leaf.name, statusMark("no data"));
  }
  const indicator = ctx.doc.row("input_indicators", leaf.id);
  const score = number(row.normalised);
  const share = weighed ? number(row.weight_share) : null;
  return h(
    "li",
    {},
    cellDialogButton(ctx, row),
    h("span", {}, ...valueWithUnit(number(row.value), String(indicator?.unit ?? ""))),
    h("span", { class: "muted" }, String(row.value_year ?? "")),
    h("span", {}, statusMark(String(row.status)), row.treated === true ? h("span", { class: "mark", title: t("beyond the scale, counts as its end") }, t("treated")) : null),
    h("span", { class: "score-value" }, score === null ? t("no scale") : colon(t("of 100"), num(score, 1))),
    h("span", { class: "muted" }, share === null ? "" : t("weight {share}", { share: percent(share, 1) })),
    row.source_id ? sourceButtons(ctx, String(row.source_id)) : h("span", { class: "muted" }, row.status === "run" ? t("this run") : ""),
  );
}

/** Return a value with its unit; shares as percentages, findings of yes or no as words. */
function valueWithUnit(value: number | null, unit: string): (string | HTMLElement)[] {
  if (unit === "share") return [percent(value ?? 0, 1)];
  if (unit === "0 or 1") return [value === 0 ? t("no") : value === 1 ? t("yes") : valueText(value)];
  return [valueText(value), " ", h("small", { class: "muted" }, unitText(unit))];
}
