/** The indicators of all pairs as a heat map with visible holes, and what stands behind each cell. */

import { ids, number, type Row } from "../core/document";
import { button, h } from "../core/dom";
import { freeText } from "../core/freetext";
import type { Context } from "../core/pages";
import { colon, listed } from "../core/phrases";
import { scrolling } from "../core/scrolling";
import { openDialog, rowDialog, sourceList, statusMark } from "../core/sources";
import { num, percent, t } from "../core/texts";
import { unit, word } from "../core/words";
import type { Board, Element } from "./pillar-board";

const HOLE = "–";

/** Return a value with the decimals that its size deserves. */
export function valueText(value: number | null): string {
  if (value === null) return "";
  if (Number.isInteger(value)) return num(value);
  return num(value, Math.abs(value) < 1 ? 3 : Math.abs(value) < 100 ? 1 : 0);
}

/** Return the cells of a pair with names, pillar and unit. */
export function cellRows(ctx: Context, board: Board, chosen: string): Row[] {
  return board.pillars.flatMap((pillar) =>
    board.leaves(pillar).flatMap(({ id, name }) => {
      const row = board.cell(chosen, id);
      const share = number(row?.weight_share);
      const unit = ctx.doc.row("input_indicators", id)?.unit ?? "";
      return row ? [{ ...row, name, pillar: pillar.name, unit, weight_percent: share === null ? null : 100 * share }] : [];
    }),
  );
}

/** Return a button with the indicator's name that shows the cell. */
export function cellDialogButton(ctx: Context, row: Row): HTMLElement {
  const name = ctx.doc.name("input_indicators", String(row.indicator_id));
  return button(name, () => cellDialog(ctx, row), { class: "link", "aria-haspopup": "dialog" });
}

/** Draw the table of all pairs and indicators; the stronger the colour, the better; holes are hatched. */
export function heatMap(root: HTMLElement, ctx: Context, board: Board): void {
  const { doc } = ctx;
  const { units } = board;
  const body = h("tbody");
  for (const pillar of board.pillars) {
    body.append(pillarRow(board, pillar));
    for (const { id, name } of board.leaves(pillar)) {
      const row = h("tr", {}, h("th", { scope: "row" }, name));
      for (const one of units) row.append(heatCell(ctx, board.cell(one, id), listed([board.unitName(one), name])));
      body.append(row);
    }
  }
  const caption = t("Indicators of all pairs, 0 to 100");
  const head = h("tr", {}, h("th", { scope: "col" }, t("indicator")), ...units.map((id) => h("th", { scope: "col", class: "pair" }, h("span", {}, doc.name("input_units", id)))));
  root.append(
    h("p", { class: "hint" }, t("The stronger the colour, the better. A hatched cell has no data; a dotted edge marks an earlier value that was carried on. A click shows value, year and source.")),
    scrolling(caption, h("table", { class: "heat" }, h("caption", { class: "hidden" }, caption), h("thead", {}, head), body)),
  );
}

function pillarRow(board: Board, pillar: Element): HTMLElement {
  const row = h("tr", { class: "heat-pillar" }, h("th", { scope: "row" }, pillar.name));
  for (const one of board.units) {
    const found = board.score(one, pillar.id);
    const score = number(found?.score);
    row.append(h("td", { class: score === null ? "no-score" : "" }, h("strong", {}, score === null ? HOLE : num(score)), h("span", { class: "heat-coverage" }, `${num(number(found?.known))}/${num(number(found?.indicators))}`)));
  }
  return row;
}

function heatCell(ctx: Context, row: Row | undefined, name: string): HTMLElement {
  if (!row || number(row.value) === null) return h("td", { class: "hole" }, h("span", { class: "hidden" }, word("no data")));
  const score = number(row.normalised);
  const text = score === null ? "·" : num(score);
  const cell = h("td", { class: row.status === "imputed" ? "carried" : "" }, button(text, () => cellDialog(ctx, row), { "aria-label": colon(name, text), "aria-haspopup": "dialog" }));
  cell.style.setProperty("--part", `${0.42 * (score ?? 0)}%`);
  return cell;
}

/** Show what stands behind a cell: value, year, how it is known, scale, weight, sources. */
function cellDialog(ctx: Context, row: Row): void {
  const id = String(row.indicator_id);
  const indicator = ctx.doc.row("input_indicators", id);
  const list = h("dl", { class: "row" });
  const add = (name: string, ...content: (Node | string | null)[]): void => {
    if (content.some((part) => part !== null && part !== "")) list.append(h("dt", {}, name), h("dd", {}, ...content));
  };
  const unitText = unit(indicator?.unit);
  add(t("definition"), freeText(ctx.doc, indicator?.definition ?? ""));
  add(t("value"), `${valueText(number(row.value)) || HOLE} ${unitText}`);
  add(t("year"), String(row.value_year ?? ""));
  add(t("status"), statusMark(String(row.status)), row.treated === true ? ` ${t("beyond the scale, counts as its end")}` : null);
  if (number(row.scale_low) !== null) add(t("scale"), `${valueText(number(row.scale_low))}–${valueText(number(row.scale_high))}`);
  add(t("of 100"), number(row.normalised) === null ? t("one value only: no scale, no score") : num(number(row.normalised), 1));
  if (number(row.weight_share) !== null) add(t("weight in the pillar"), percent(number(row.weight_share) ?? 0, 1));
  if (row.status === "run") add(t("computed by"), t("this run, from the recommended itinerary of the pair"));
  if (row.row_id) add(t("row"), button(String(row.row_id), () => rowDialog(ctx, "input_indicator_values", String(row.row_id)), { class: "link" }));
  if (row.source_id) add(t("sources"), sourceList(ctx, ids(row.source_id)));
  add(t("indicator"), button(id, () => rowDialog(ctx, "input_indicators", id), { class: "link" }));
  openDialog(listed([ctx.doc.name("input_units", String(row.unit_id)), ctx.doc.name("input_indicators", id)]), list);
}
