/** The five pillars: index and pillars of a pair with how sure they are, ranks of all pairs, and what is behind them. */

import { ids, number, type Row } from "../core/document";
import { h, select } from "../core/dom";
import { folded } from "../core/folding";
import { type Context, registerPage } from "../core/pages";
import { keepInAddress, kept } from "../core/kept";
import { bracketed, colon, listed, sentences } from "../core/phrases";
import { dataTable } from "../core/table";
import { num, percent, t } from "../core/texts";
import { cap, unit } from "../core/words";
import { Board } from "./pillar-board";
import { cellDialogButton, cellRows, heatMap, valueText } from "./pillar-cells";
import { chanceMatrix, rankMatrix, tieWords } from "./pillar-chances";
import { rankChart, scoreBars } from "./pillar-charts";
import { radar } from "./pillar-radar";
import { correlations, sensitivity } from "./pillar-rests";
import { structure } from "./pillar-structure";
import { tags } from "./pillar-tags";
import { scoreTree } from "./pillar-tree";
import { factorsText, PARAMETER, readerFactors, weightsPart } from "./pillar-weights";
import { rangeText, reasonText } from "./pillar-words";
import { years } from "./pillar-years";
import "./pillars.css";

registerPage({ id: "pillars", order: 57, title: () => t("Five pillars"), needs: ["evidence", "details"], render });

const OVER = "over";
const SEPARATOR = "*";
const MOST_OVER = 3;

function render(root: HTMLElement, ctx: Context): void {
  const board = new Board(ctx.doc);
  if (!board.summary || board.units.length === 0) {
    root.append(h("p", { class: "notice" }, t("The run scores no pillars: the case has no scoreboard.")));
    return;
  }
  const asked = ctx.params.get("unit") ?? "";
  const chosen = board.units.includes(asked) ? asked : board.units[0]!;
  root.append(h("p", { class: "lead" }, sentences([leadText(board.summary), wholeText(board)])));
  pairChoice(root, ctx, board, chosen);
  headline(root, board, chosen);
  pictures(root, ctx, board, chosen);
  root.append(h("p", { class: "hint" }, ruleText(board.summary)));
  root.append(h("h2", {}, t("What the scores are made of")));
  scoreTree(root, ctx, board, chosen);
  root.append(folded([t("All indicators of the pair as a table")], (body) => indicators(body, ctx, board, chosen), { attrs: { class: "fold" } }));
  tags(root, ctx, board, chosen);
  ranks(root, board, chosen);
  weightsPart(root, ctx, board, chosen);
  years(root, ctx, board, chosen);
  root.append(h("h2", {}, t("Indicators of all pairs")));
  heatMap(root, ctx, board);
  holes(root, board);
  root.append(h("h2", {}, t("What the scores rest on")));
  root.append(h("h3", {}, t("What moves the ranks")));
  sensitivity(root, ctx, board, chosen);
  root.append(h("h3", {}, t("Pillars that go together")));
  correlations(root, ctx, board);
  structure(root, ctx, board, chosen);
}

function leadText(board: Row): string {
  return t("Scores of {year} from 0 to 100, of {units} pairs of countries and {indicators} indicators.", { year: String(board.year), units: String(board.units), indicators: String(board.indicators) });
}

/** Say how many pairs have an index, and in which pillars the others lack data. */
function wholeText(board: Board): string {
  const { index } = board;
  if (!index) return "";
  const lacks = (unit: string, element: string): boolean => number(board.score(unit, element)?.score) === null;
  const without = board.units.filter((unit) => lacks(unit, index.id));
  if (without.length === 0) return "";
  const short = board.pillars
    .map(({ id, name }) => ({ name, count: without.filter((unit) => lacks(unit, id)).length }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const values = { count: num(board.units.length - without.length), units: num(board.units.length), pillars: listed(short.map(({ name, count }) => bracketed(name, num(count)))) };
  return t("An index needs a score in every pillar; {count} of {units} pairs have that. The others have too little data, by pillar (pairs): {pillars}.", values);
}

function ruleText(board: Row): string {
  const values = { share: percent(number(board.interval_share) ?? 0), draws: number(board.draws) ?? 0, years: String(board.carried_years) };
  return sentences([
    t("Lines hold {share} of {draws} draws of weights, means and carried values.", values),
    t("One of the means that are drawn lets a strength pay less for a gap, so scores lie in the upper part of their intervals."),
    t("A value counts up to {years} years later; what is not known stays empty.", values),
    t("A pillar with less than half of its indicators has no score."),
  ]);
}

/** Name the indicators that tell no difference, since too few pairs have them. */
function holes(root: HTMLElement, board: Board): void {
  const names = (column: string): string => listed(ids(board.summary?.[column]).map((id) => board.elementName(id)));
  const lines = [
    [t("Without data for any pair"), names("without_data")],
    [t("Known for one pair only, on a scale that is given or from its own years"), names("one_pair")],
    [t("With one value only, so without scale and score"), names("without_scale")],
  ].filter(([, found]) => found !== "");
  if (lines.length > 0) root.append(h("ul", { class: "holes" }, ...lines.map(([title, found]) => h("li", {}, colon(title!, found!)))));
}

/** The pair that the page is about; weights and pairs laid over stay with the reader. */
function pairChoice(root: HTMLElement, ctx: Context, board: Board, chosen: string): void {
  const options = board.units.map((id) => ({ value: id, text: board.unitName(id) }));
  const go = (id: string): void => {
    const factors = readerFactors(ctx, board);
    const over = overlays(ctx, board, id).join(SEPARATOR);
    ctx.go("pillars", { unit: id, ...(over ? { [OVER]: over } : {}), ...(factors.size > 0 ? { [PARAMETER]: factorsText(factors) } : {}) });
  };
  root.append(h("div", { class: "controls" }, select(cap(t("pair of countries")), options, chosen, go)));
}

/** The index of the pair in large letters, with how sure it is. */
function headline(root: HTMLElement, board: Board, unit: string): void {
  const row = board.index ? board.score(unit, board.index.id) : undefined;
  if (!row) return;
  const score = number(row.score);
  const fact = (value: (Node | string)[], note: string): HTMLElement => h("div", {}, h("div", { class: "value" }, ...value), h("div", { class: "muted" }, note));
  const interval = percent(number(board.summary?.interval_share) ?? 0);
  const facts =
    score === null
      ? [fact([t("no index")], reasonText(board, row))]
      : [
          fact([num(score), " ", h("small", {}, rangeText(row, "score"))], t("index, and its interval of {share} of the draws", { share: interval })),
          ...(number(row.rank) === null ? [] : [fact([num(number(row.rank)), " ", h("small", {}, rangeText(row, "rank"))], t("rank among the {count} pairs with an index", { count: num(number(row.ranked)) }))]),
        ];
  root.append(h("div", { class: "figure-row index-figures" }, ...facts, fact([num(number(row.known)), " ", h("small", {}, t("of {count}", { count: num(number(row.indicators)) }))], t("indicators with data"))));
}

function pictures(root: HTMLElement, ctx: Context, board: Board, chosen: string): void {
  const [left, right] = [h("div", { class: "radar" }), h("div", {})];
  const draw = (): void => {
    const box = document.createElement("div");
    left.replaceChildren(box);
    radar(box, board, [chosen, ...overlays(ctx, board, chosen)]);
  };
  root.append(h("div", { class: "pictures" }, h("div", {}, left, overlayChoice(ctx, board, chosen, draw)), right));
  draw();
  scoreBars(right, board, chosen);
}

interface Over {
  units: string[];
  asked: string | null;
}

function overState(): Over {
  return kept("pillars over", () => ({ units: [], asked: null }));
}

/** Return the pairs that lie over the radar: what the reader has chosen, or the address. */
function overlays(ctx: Context, board: Board, chosen: string): string[] {
  const state = overState();
  const asked = ctx.params.get(OVER);
  if (asked !== null && asked !== state.asked) state.units = asked.split(SEPARATOR);
  state.asked = asked;
  return state.units.filter((unit) => unit !== chosen && board.units.includes(unit)).slice(0, MOST_OVER);
}

function overlayChoice(ctx: Context, board: Board, chosen: string, draw: () => void): HTMLElement {
  const state = overState();
  const now = overlays(ctx, board, chosen);
  const boxes = board.units
    .filter((unit) => unit !== chosen)
    .map((unit) => {
      const box = h("input", { type: "checkbox", value: unit, checked: now.includes(unit), onchange: () => change() }) as HTMLInputElement;
      return { box, label: h("label", { class: "check" }, box, board.unitName(unit)) };
    });
  const limit = (): void => {
    for (const { box } of boxes) box.disabled = !box.checked && boxes.filter((one) => one.box.checked).length >= MOST_OVER;
  };
  const change = (): void => {
    state.units = boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
    keepInAddress(OVER, state.units.join(SEPARATOR) || null);
    limit();
    draw();
  };
  limit();
  const title = bracketed(t("Lay other pairs over it"), t("at most {count}", { count: MOST_OVER }));
  return h("details", { class: "over", open: now.length > 0 }, h("summary", {}, title), h("div", { class: "checks" }, ...boxes.map(({ label }) => label)));
}

/** Places of all pairs in what the reader chooses. */
function ranks(root: HTMLElement, board: Board, chosen: string): void {
  const elements = [...(board.index ? [board.index] : []), ...board.pillars];
  const state = kept("pillars ranks", () => ({ element: elements[0]!.id, open: false }));
  const place = h("div", {});
  const draw = (): void => {
    place.replaceChildren();
    rankChart(place, board, state.element);
    tieWords(place, board, state.element);
    const { element } = state;
    if (board.ranked(element).length < 2) return;
    const chances = (body: HTMLElement): void => {
      chanceMatrix(body, board, element, chosen);
      rankMatrix(body, board, element, chosen);
    };
    const fold = folded([t("How likely is each pair above each other, and on each rank?")], chances, { attrs: { class: "fold" }, open: state.open, paper: true });
    fold.addEventListener("toggle", () => (state.open = fold.open));
    place.append(fold);
  };
  const options = elements.map(({ id, name }) => ({ value: id, text: name }));
  const choice = select(cap(t("pillar")), options, state.element, (id) => {
    state.element = id;
    draw();
  });
  root.append(h("h2", {}, t("Ranks of the pairs")), h("div", { class: "controls" }, choice), place);
  draw();
}

function indicators(root: HTMLElement, ctx: Context, board: Board, chosen: string): void {
  dataTable(
    root,
    ctx,
    cellRows(ctx, board, chosen),
    [
      { key: "name", title: t("indicator"), draw: (row) => cellDialogButton(ctx, row) },
      { key: "pillar", title: t("pillar"), fold: 5 },
      { key: "value", title: t("value"), kind: "number", text: (row) => valueText(number(row.value)) },
      { key: "unit", title: t("unit"), text: (row) => unit(row.unit), fold: 3 },
      { key: "value_year", title: t("year"), fold: 4 },
      { key: "status", title: t("status"), kind: "word", fold: 2 },
      { key: "normalised", title: t("of 100"), kind: "number" },
      { key: "weight_percent", title: t("weight in the pillar, %"), kind: "number", digits: 1, fold: 6 },
      { key: "source_id", title: t("sources"), kind: "sources", fold: 1 },
    ],
    { caption: colon(t("Indicators"), board.unitName(chosen)), file: "karvan-pillar-indicators", filter: true, pageSize: 50, choices: ["status"], saved: ["unit_id", "indicator_id", "row_id", "treated", "scale_low", "scale_high"] },
  );
}
