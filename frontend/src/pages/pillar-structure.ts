/** What weights mean: importance beside weight, what dropping an element changes, whether parts go together. */

import { number, type Row } from "../core/document";
import { h } from "../core/dom";
import { folded } from "../core/folding";
import type { Context } from "../core/pages";
import { listed } from "../core/phrases";
import { dataTable } from "../core/table";
import { num, percent, t } from "../core/texts";
import type { Board } from "./pillar-board";
import { signed } from "./pillar-words";

export function structure(root: HTMLElement, ctx: Context, board: Board, unit: string): void {
  overlapWords(root, ctx, board, unit);
  root.append(
    folded([t("What weighs more than its weight")], (body) => importance(body, ctx, board), { attrs: { class: "fold" } }),
    folded([t("What dropping an indicator or a pillar changes")], (body) => removals(body, ctx, board, unit), { attrs: { class: "fold" } }),
    folded([t("Do the parts go together? Cronbach's alpha")], (body) => reliability(body, ctx, board), { attrs: { class: "fold" } }),
  );
}

/** The basis of a table that takes all years together. */
const ALL_YEARS = "pair-years";

/** Say what the index would be if what pillars share counted once. */
function overlapWords(root: HTMLElement, ctx: Context, board: Board, unit: string): void {
  const shares = ctx.doc.table("score_importance").filter((row) => row.over === ALL_YEARS && row.parent_id === board.index?.id && number(row.overlap_weight_share) !== null);
  const found = ctx.doc.table("score_weightings").find((row) => row.weighting === "overlap" && row.unit_id === unit);
  if (shares.length === 0) return;
  const words = listed(shares.map((row) => `${board.elementName(row.element_id)} ${percent(number(row.overlap_weight_share) ?? 0)}`));
  root.append(h("p", {}, t("If what the pillars share counted only once, they would weigh: {weights}.", { weights: words })));
  const now = board.index ? board.score(unit, board.index.id) : undefined;
  if (!found || number(now?.score) === null) return;
  const values = { pair: board.unitName(unit), score: num(number(found.score), 1), before: num(number(now?.score), 1), rank: num(number(found.rank)), rank_before: num(number(now?.rank)) };
  const same = found.rank === now?.rank;
  root.append(h("p", {}, same ? t("The index of {pair} would then be {score} and not {before}, its rank {rank} as before.", values) : t("The index of {pair} would then be {score} and not {before}, its rank {rank} and not {rank_before}.", values)));
}

/** Of each whole the rows over pairs and years, else, where more of its parts are known so, over the pairs of the year. */
function importanceRows(ctx: Context): Row[] {
  const wholes = new Map<string, Map<string, Row[]>>();
  for (const row of ctx.doc.table("score_importance")) {
    const bases = wholes.get(String(row.parent_id)) ?? new Map<string, Row[]>();
    bases.set(String(row.over), [...(bases.get(String(row.over)) ?? []), row]);
    wholes.set(String(row.parent_id), bases);
  }
  return [...wholes.values()].flatMap((bases) => [...bases].sort(([a, x], [b, y]) => y.length - x.length || Number(b === ALL_YEARS) - Number(a === ALL_YEARS))[0]![1]);
}

function importance(root: HTMLElement, ctx: Context, board: Board): void {
  const share = (value: unknown): string => (typeof value === "number" ? percent(value) : "–");
  const rows = importanceRows(ctx).map((row) => ({ ...row, name: board.elementName(row.element_id), parent: board.elementName(row.parent_id) }) as Row);
  root.append(h("p", {}, t("Importance is how much of the differences in the whole goes with the part, whatever its weight. A part that goes with others has more of it than weight; with too few data nothing is said.")));
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "name", title: t("part") },
      { key: "parent", title: t("part of"), fold: 2 },
      { key: "weight_share", title: t("weight"), kind: "number", text: (row) => share(row.weight_share) },
      { key: "importance_share", title: t("importance"), kind: "number", text: (row) => share(row.importance_share) },
      { key: "overlap_weight_share", title: t("weight if overlap counts once"), kind: "number", text: (row) => share(row.overlap_weight_share), fold: 1 },
      { key: "rows", title: t("pairs and years with data"), kind: "number", fold: 3 },
    ],
    { caption: t("Weight and importance"), file: "karvan-pillar-importance", filter: true, pageSize: 15, choices: ["parent"], saved: ["element_id", "parent_id", "over", "correlation", "correlation_ratio", "target_weight_share", "target"] },
  );
}

/** What a pair gains or loses by dropping, and how far the ranks of all move. */
function removals(root: HTMLElement, ctx: Context, board: Board, unit: string): void {
  const groups = new Map<string, Row[]>();
  for (const row of ctx.doc.table("score_removals")) {
    const place = `${row.element_id} ${row.removed_id}`;
    groups.set(place, [...(groups.get(place) ?? []), row]);
  }
  const rows = [...groups.values()].map((group) => {
    const [one] = group;
    const own = group.find((row) => row.unit_id === unit);
    const shifts = group.map((row) => number(row.rank_change)).filter((change): change is number => change !== null);
    return {
      element_id: one!.element_id ?? null,
      removed_id: one!.removed_id ?? null,
      name: board.elementName(one!.removed_id),
      whole: board.elementName(one!.element_id),
      score_change: number(own?.score_change),
      rank: number(own?.rank),
      rank_change: number(own?.rank_change),
      shift: shifts.length === 0 ? null : shifts.reduce((sum, change) => sum + Math.abs(change), 0) / shifts.length,
    } as Row;
  });
  rows.sort((a, b) => (number(b.shift) ?? 0) - (number(a.shift) ?? 0));
  const change = (digits: number, key: string) => (row: Row): string => signed(number(row[key]), digits);
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "name", title: t("left out") },
      { key: "whole", title: t("score") },
      { key: "score_change", title: t("change of the pair's score"), kind: "number", text: change(1, "score_change") },
      { key: "rank", title: t("the pair's rank then"), kind: "number", fold: 1 },
      { key: "rank_change", title: t("change of the pair's rank"), kind: "number", text: change(0, "rank_change"), fold: 2 },
      { key: "shift", title: t("mean shift of all ranks"), kind: "number", digits: 2 },
    ],
    { caption: t("Without an indicator, a part or a pillar: {pair}", { pair: board.unitName(unit) }), file: "karvan-pillar-removals", filter: true, pageSize: 15, choices: ["whole"], saved: ["element_id", "removed_id"] },
  );
}

function reliability(root: HTMLElement, ctx: Context, board: Board): void {
  const best = new Map<string, Row>();
  for (const row of ctx.doc.table("score_reliability")) {
    const known = best.get(String(row.element_id));
    if (!known || (number(row.rows) ?? 0) > (number(known.rows) ?? 0)) best.set(String(row.element_id), row);
  }
  const rows = [...best.values()].map((row) => ({ ...row, name: board.elementName(row.element_id) }) as Row);
  root.append(h("p", {}, t("Near 1 the parts of a score rise and fall together and say one thing; near or below 0 they say different things, and their mean is a choice. Over few rows it is a hint.")));
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "name", title: t("score") },
      { key: "children", title: t("parts"), kind: "number" },
      { key: "children_alpha", title: t("alpha"), kind: "number", text: (row) => num(number(row.children_alpha), 2) },
      { key: "rows", title: t("pairs and years with data"), kind: "number" },
    ],
    { caption: t("Cronbach's alpha of the parts"), file: "karvan-pillar-reliability", pageSize: 25, saved: ["element_id", "over", "indicators", "indicators_alpha"] },
  );
}
