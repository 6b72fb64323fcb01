/** How sure an order of pairs is: chances that one is above another, and who is tied with whom. */

import { number } from "../core/document";
import { h } from "../core/dom";
import { colon, listed } from "../core/phrases";
import { scrollPlace } from "../core/scrolling";
import { num, percent, t } from "../core/texts";
import type { Board } from "./pillar-board";
import { chanceText } from "./pillar-words";

/** Say in words who is tied with whom. */
export function tieWords(root: HTMLElement, board: Board, element: string): void {
  const ranked = board.ranked(element);
  if (ranked.length < 2) return;
  const groups = board.tiedGroups(element);
  const share = percent((1 + (number(board.summary?.interval_share) ?? 0.9)) / 2);
  if (groups.length === 0) {
    root.append(h("p", { class: "ties" }, t("No two pairs are statistically tied: each is above or below each other in more than {share} of the draws.", { share })));
    return;
  }
  root.append(
    h("p", { class: "ties" }, t("Statistically tied, by a bar on the right; neither of two is above the other in more than {share} of the draws:", { share })),
    h("ul", { class: "tie-groups" }, ...groups.map((group) => h("li", {}, listed(group.map((unit) => board.unitName(unit)))))),
  );
}

/** Draw how often each pair ranks above each other one, that of `unit` in words first. */
export function chanceMatrix(root: HTMLElement, board: Board, element: string, unit: string): void {
  const order = board.ranked(element).map((row) => String(row.unit_id));
  if (order.length < 2) return;
  if (order.includes(unit)) root.append(h("p", {}, colon(t("Draws in which {pair} ranks above others", { pair: board.unitName(unit) }), chanceWords(board, element, unit, order))));
  const caption = colon(t("Chance that the row ranks above the column"), board.elementName(element));
  const head = h("tr", {}, h("td", { class: "self" }), ...order.map((one) => h("th", { scope: "col", class: "pair" }, h("span", {}, board.unitName(one)))));
  const body = h("tbody", {}, ...order.map((one) => h("tr", { class: one === unit ? "chosen-pair" : null }, h("th", { scope: "row" }, board.unitName(one)), ...order.map((other) => chanceCell(board, element, one, other)))));
  root.append(h("div", { class: "data-table" }, scrollPlace(caption, h("table", { class: "heat chances" }, h("caption", { class: "hidden" }, caption), h("thead", {}, head), body))));
}

/** Draw how often each pair has each rank. */
export function rankMatrix(root: HTMLElement, board: Board, element: string, unit: string): void {
  const order = board.ranked(element).map((row) => String(row.unit_id));
  if (order.length < 2) return;
  const caption = colon(t("Share of the draws with each rank"), board.elementName(element));
  const ranks = order.map((_, i) => i + 1);
  const head = h("tr", {}, h("th", { scope: "col" }, t("pair of countries")), ...ranks.map((rank) => h("th", { scope: "col" }, num(rank))));
  const line = (one: string): HTMLElement => {
    const shares = board.rankShares(element, one);
    return h("tr", { class: one === unit ? "chosen-pair" : null }, h("th", { scope: "row" }, board.unitName(one)), ...ranks.map((rank) => shareCell(shares.get(rank) ?? 0)));
  };
  const table = h("table", { class: "heat chances rank-shares" }, h("caption", { class: "hidden" }, caption), h("thead", {}, head), h("tbody", {}, ...order.map(line)));
  root.append(h("div", { class: "data-table" }, h("div", { class: "table-head" }, h("div", { class: "table-title", "aria-hidden": "true" }, caption)), scrollPlace(caption, table)));
}

function chanceWords(board: Board, element: string, unit: string, order: string[]): string {
  const others = order.filter((one) => one !== unit);
  return listed(others.map((other) => `${board.unitName(other)} ${chanceText(board.chance(element, unit, other) ?? 0)}`));
}

function chanceCell(board: Board, element: string, unit: string, other: string): HTMLElement {
  const share = unit === other ? null : board.chance(element, unit, other);
  if (share === null) return h("td", { class: "self" });
  return shareCell(share);
}

function shareCell(share: number): HTMLElement {
  const cell = h("td", {}, chanceText(share));
  cell.style.setProperty("--part", `${42 * share}%`);
  return cell;
}
