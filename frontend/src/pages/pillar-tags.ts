/** Digital and green: what cuts across the pillars, with scores of its own. */

import { number, type Row } from "../core/document";
import { h } from "../core/dom";
import { folded } from "../core/folding";
import { freeText } from "../core/freetext";
import type { Context } from "../core/pages";
import { bracketed } from "../core/phrases";
import { dataTable } from "../core/table";
import { t } from "../core/texts";
import { cap, word } from "../core/words";
import type { Board } from "./pillar-board";
import { cellItem, head } from "./pillar-tree";
import { indicatorsText, rangeText, rankText } from "./pillar-words";

/** Draw the sub-scores of a pair, each unfolding to its indicators, and those of all pairs. */
export function tags(root: HTMLElement, ctx: Context, board: Board, unit: string): void {
  const rows = ctx.doc.table("score_tags").filter((row) => row.year === board.summary?.year);
  if (rows.length === 0) return;
  const kinds = [...new Set(rows.map((row) => String(row.tag)))];
  root.append(h("h2", {}, t("Digital and green")), h("p", {}, t("Some indicators of the pillars also say how digital or how green the cooperation is; they form these two scores and count in their pillars all the same.")));
  for (const tag of kinds) {
    const own = rows.find((row) => row.tag === tag && row.unit_id === unit);
    root.append(folded(head(board, own, cap(word(tag))), (body) => body.append(cellsOf(ctx, board, unit, tag)), { attrs: { class: "score-node", "data-tag": tag }, paper: true }));
  }
  root.append(folded([t("Digital and green of all pairs")], (body) => allPairs(body, ctx, board, kinds, rows), { attrs: { class: "fold" } }));
}

function cellsOf(ctx: Context, board: Board, unit: string, tag: string): HTMLElement {
  const own = ctx.doc.table("input_indicators").filter((row) => row.level === "indicator" && row[tag] === true);
  return h(
    "ul",
    { class: "score-cells" },
    ...own.flatMap((row) => {
      const leaf = board.element(String(row.id));
      if (!leaf) return [];
      return [cellItem(ctx, board, unit, leaf, false), ...(row.tag_reason ? [h("li", { class: "tag-reason muted" }, freeText(ctx.doc, row.tag_reason))] : [])];
    }),
  );
}

function allPairs(root: HTMLElement, ctx: Context, board: Board, kinds: string[], rows: Row[]): void {
  const line = (unit: string): Row => {
    const made: Row = { unit_id: unit, pair: board.unitName(unit) };
    for (const tag of kinds) {
      const own = rows.find((row) => row.tag === tag && row.unit_id === unit);
      made[tag] = number(own?.score);
      made[`${tag}_interval`] = number(own?.score) === null ? "–" : rangeText(own, "score");
      made[`${tag}_rank`] = number(own?.rank) === null ? "–" : rankText(own);
      made[`${tag}_known`] = indicatorsText(own);
    }
    return made;
  };
  const columns = kinds.flatMap((tag) => [
    { key: tag, title: cap(word(tag)), kind: "number" as const },
    { key: `${tag}_interval`, title: bracketed(t("interval"), word(tag)), fold: 2 },
    { key: `${tag}_rank`, title: bracketed(t("rank"), word(tag)), fold: 1 },
    { key: `${tag}_known`, title: bracketed(t("indicators with data"), word(tag)), fold: 3 },
  ]);
  dataTable(root, ctx, board.units.map(line), [{ key: "pair", title: t("pair of countries") }, ...columns], { caption: t("Digital and green of all pairs, 0 to 100"), file: "karvan-pillar-tags", saved: ["unit_id"] });
}
