/** Weights that the reader slides: scores and ranks follow at once, by the rule of the case. */

import { button, h } from "../core/dom";
import { folded } from "../core/folding";
import { number } from "../core/document";
import { keepInAddress, kept } from "../core/kept";
import type { Context } from "../core/pages";
import { bracketed, listed } from "../core/phrases";
import { scrollPlace } from "../core/scrolling";
import { num, percent, t } from "../core/texts";
import { type Board, type Element, key, ranksOf } from "./pillar-board";
import { signed } from "./pillar-words";

export const PARAMETER = "weights";
const MOST = 4;
const STEP = 0.1;
const SEPARATOR = "*";
const LEAST_CHANGE = 0.05;

interface State {
  factors: Map<string, number>;
  asked: string | null;
}

/** Return what the reader has set; an address that asks for weights, and did not before, sets them. */
export function readerFactors(ctx: Context, board: Board): Map<string, number> {
  const state = kept("pillars weights", (): State => ({ factors: new Map(), asked: null }));
  const asked = ctx.params.get(PARAMETER);
  if (asked !== null && asked !== state.asked) state.factors = read(asked, board);
  state.asked = asked;
  return state.factors;
}

/** Return weights as the address has them: "policy_2*people_0.5". */
export function factorsText(factors: ReadonlyMap<string, number>): string {
  return [...factors].map(([id, factor]) => `${id}_${factor}`).join(SEPARATOR);
}

function read(text: string, board: Board): Map<string, number> {
  const factors = new Map<string, number>();
  for (const part of text.split(SEPARATOR)) {
    const [, id = "", digits = ""] = /^(.+)_(\d+(?:\.\d+)?)$/.exec(part) ?? [];
    const factor = Math.round(Math.min(MOST, Number(digits)) / STEP) * STEP;
    if (digits && ["pillar", "sub_pillar"].includes(board.element(id)?.level ?? "")) factors.set(id, Number(factor.toFixed(1)));
  }
  return factors;
}

/** Draw the sliders and what follows from them. */
export function weightSliders(root: HTMLElement, ctx: Context, board: Board, unit: string): void {
  const factors = readerFactors(ctx, board);
  const sliders = new Map<string, Slider>();
  const result = h("div", {});
  const status = h("p", { class: "weights-status", role: "status" });
  const back = button(t("Back to the case's weights"), () => {
    factors.clear();
    for (const slider of sliders.values()) slider.box.value = "1";
    follow();
  });
  const follow = (): void => {
    for (const slider of sliders.values()) slider.tell();
    (back as HTMLButtonElement).disabled = factors.size === 0;
    keepInAddress(PARAMETER, factors.size === 0 ? null : factorsText(factors));
    const outcome = new Outcome(board, factors);
    status.textContent = outcome.words(unit);
    result.replaceChildren(...outcome.table(unit));
  };
  const change = (id: string, factor: number): void => {
    if (factor === 1) factors.delete(id);
    else factors.set(id, factor);
    follow();
  };
  const group = (elements: Element[]): HTMLElement => {
    const list = h("div", { class: "sliders" });
    for (const element of elements) {
      const slider = new Slider(board, element, factors, change);
      sliders.set(element.id, slider);
      list.append(slider.row);
    }
    return list;
  };
  const parts = board.pillars.filter((pillar) => pillar.children.some((child) => child.children.length > 0));
  root.append(
    h("p", {}, t("1 is the weight of the case, 2 twice as much, 0 nothing. Scores and ranks follow at once by the rule of the case: means of what has data, no score below half; an index needs a score of all pillars, also of one that weighs nothing. Intervals, ties and chances are those of the case's weights.")),
    group(board.pillars),
    ...parts.map((pillar) => {
      const open = pillar.children.some((child) => factors.has(child.id));
      return h("details", { class: "slider-parts", open }, h("summary", {}, t("Parts of {pillar}", { pillar: pillar.name })), group(pillar.children));
    }),
    h("div", { class: "controls" }, back),
    status,
    result,
  );
  follow();
}

class Slider {
  readonly row: HTMLElement;
  readonly box: HTMLInputElement;
  private readonly said = h("output", {});

  constructor(
    private readonly board: Board,
    private readonly element: Element,
    private readonly factors: ReadonlyMap<string, number>,
    change: (id: string, factor: number) => void,
  ) {
    const value = String(factors.get(element.id) ?? 1);
    this.box = h("input", { type: "range", min: 0, max: MOST, step: STEP, value, "data-element": element.id, oninput: () => change(element.id, Number(this.box.value)) }) as HTMLInputElement;
    this.row = h("label", { class: "slider" }, h("span", {}, element.name), this.box, this.said);
  }

  /** Say the weight and its share among its siblings. */
  tell(): void {
    const weight = (one: Element): number => one.weight * (this.factors.get(one.id) ?? 1);
    const siblings = this.board.element(this.element.parent)?.children ?? [this.element];
    const total = siblings.reduce((sum, one) => sum + weight(one), 0);
    const text = bracketed(num(this.factors.get(this.element.id) ?? 1, 1), percent(total > 0 ? weight(this.element) / total : 0));
    this.said.textContent = text;
    this.box.setAttribute("aria-valuetext", text);
  }
}

/** Scores by the reader's weights beside those of the case. */
class Outcome {
  private readonly elements: Element[];
  private readonly scores: ReadonlyMap<string, number | null>;
  private readonly ranks = new Map<string, Map<string, number>>();

  constructor(
    private readonly board: Board,
    private readonly factors: ReadonlyMap<string, number>,
  ) {
    this.elements = [...(board.index ? [board.index] : []), ...board.pillars];
    this.scores = board.rescored(factors);
    for (const { id } of this.elements) this.ranks.set(id, ranksOf(new Map(board.units.map((unit) => [unit, this.score(unit, id)]))));
  }

  private score(unit: string, element: string): number | null {
    return this.scores.get(key(unit, element)) ?? null;
  }

  /** The index of a pair in a sentence. */
  words(unit: string): string {
    const { board } = this;
    const index = board.index?.id ?? "";
    const [now, then] = [this.score(unit, index), number(board.score(unit, index)?.score)];
    const pair = board.unitName(unit);
    if (now === null) return t("{pair}: no index by these weights.", { pair });
    const ranked = this.ranks.get(index)!;
    const values = { pair, score: num(now, 1), before: num(then, 1), rank: num(ranked.get(unit) ?? 1), ranked: num(Math.max(1, ranked.size)), rank_before: num(number(board.score(unit, index)?.rank) ?? 1) };
    if (this.factors.size === 0) return t("{pair}: index {score}, rank {rank} of {ranked}, by the weights of the case.", values);
    return t("{pair}: index {score} by your weights ({before} by those of the case), rank {rank} of {ranked} (by those of the case {rank_before}).", values);
  }

  table(chosen: string): HTMLElement[] {
    const { board } = this;
    const index = board.index?.id ?? "";
    const order = [...board.units].sort((a, b) => this.place(a, index) - this.place(b, index));
    const caption = this.factors.size === 0 ? t("Scores and ranks by the weights of the case") : t("Scores and ranks by your weights");
    const head = h("tr", {}, h("th", { scope: "col" }, t("pair of countries")), ...this.elements.map((one) => h("th", { scope: "col" }, one.name)));
    const body = h("tbody", {}, ...order.map((unit) => h("tr", { class: unit === chosen ? "chosen-pair" : null, "data-unit": unit }, h("th", { scope: "row" }, board.unitName(unit)), ...this.elements.map((one) => this.cell(unit, one)))));
    return [h("div", { class: "data-table" }, h("div", { class: "table-head" }, h("div", { class: "table-title", "aria-hidden": "true" }, caption)), scrollPlace(caption, h("table", { class: "reweighed" }, h("caption", { class: "hidden" }, caption), h("thead", {}, head), body)))];
  }

  /** Where a pair stands in the table: by its index, those without last in the order of the case. */
  private place(unit: string, index: string): number {
    return this.ranks.get(index)?.get(unit) ?? this.board.units.length + this.board.units.indexOf(unit);
  }

  private cell(unit: string, element: Element): HTMLElement {
    const score = this.score(unit, element.id);
    if (score === null) return h("td", { class: "hole" }, h("span", { class: "hidden" }, t("no score")));
    const then = this.board.score(unit, element.id);
    const rank = this.ranks.get(element.id)?.get(unit);
    const change = score - (number(then?.score) ?? score);
    const moved = Math.abs(change) < LEAST_CHANGE ? "" : signed(change, 1);
    const place = rank === undefined ? "" : rank === number(then?.rank) ? t("rank {rank}", { rank }) : t("rank {rank}, was {before}", { rank, before: num(number(then?.rank)) });
    return h("td", {}, h("strong", {}, num(score, 1)), " ", h("small", {}, moved), h("small", { class: "muted score-rank" }, listed([place].filter(Boolean))));
  }
}

export function weightsPart(root: HTMLElement, ctx: Context, board: Board, unit: string): void {
  const open = readerFactors(ctx, board).size > 0;
  const sliders = folded([t("Slide the weights of pillars and their parts")], (body) => weightSliders(body, ctx, board, unit), { attrs: { class: "fold weights" }, open });
  root.append(h("section", { class: "own-weights" }, h("h2", {}, t("Your own weights")), sliders));
}
