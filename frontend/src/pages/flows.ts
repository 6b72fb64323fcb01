/** Flows and bottlenecks: which way cargo goes, where it is full, and what more room would bring. */

import { number, type Row } from "../core/document";
import { button, h, select } from "../core/dom";
import { assignmentOf } from "../core/flows";
import { kept } from "../core/kept";
import { type Context, registerPage } from "../core/pages";
import { sentences } from "../core/phrases";
import { rowDialog } from "../core/sources";
import { t } from "../core/texts";
import { bottleneckList, bottleneckTable } from "./bottlenecks";
import { flowTable } from "./flow-table";
import { certificate, demandNote, foundations, mainSentence, noWay, reservations } from "./flow-words";
import { noRoomSentence } from "./no-room";
import { type Grouping, shareChart } from "./flow-shares";
import "./flows.css";

registerPage({ id: "flows", order: 55, title: () => t("Flows and bottlenecks"), needs: ["details"], render });

function render(root: HTMLElement, ctx: Context): void {
  const row = assignmentOf(ctx.doc);
  if (!row || ctx.doc.table("flow_itineraries").length === 0) {
    const lost = row ? noWay(ctx.doc, row) : "";
    root.append(h("p", { class: "notice" }, lost || t("The run assigns no freight: the case has no flows for its year.")));
    return;
  }
  answer(root, ctx, row);
  root.append(h("h2", {}, t("Shares of the route alternatives")));
  shares(root, ctx);
  root.append(h("h2", {}, t("Where it is full")));
  bottleneckList(root, ctx);
  bottleneckTable(root, ctx);
  root.append(h("h2", {}, t("Flows")));
  flowTable(root, ctx);
}

function answer(root: HTMLElement, ctx: Context, row: Row): void {
  const all = button(t("All figures of the computation"), () => rowDialog(ctx, "assignment", String(row.flows_year)), { class: "link", "aria-haspopup": "dialog" });
  root.append(
    h("p", { class: "lead main-share" }, mainSentence(ctx.doc)),
    h("p", { class: row.converged === true ? "certificate" : "notice certificate" }, certificate(ctx.doc, row), " ", all),
  );
  const demand = demandNote(ctx.doc);
  if (demand) root.append(h("p", { class: "demand-year" }, demand));
  const full = noRoomSentence(ctx.doc);
  if (full) root.append(h("p", { class: "notice no-room-answer" }, full));
  const more = [...foundations(ctx.doc, row), ...reservations(ctx.doc, row)];
  if (more.length > 0) root.append(h("p", { class: "hint" }, sentences(more)));
}

/** Both charts, by what the reader chooses. */
function shares(root: HTMLElement, ctx: Context): void {
  const state = kept("flows shares", (): { by: Grouping } => ({ by: number(ctx.doc.table("input_commodities").length) === 1 ? "market" : "commodity_id" }));
  const place = h("div", {});
  const draw = (): void => {
    place.replaceChildren();
    shareChart(place, ctx, "container", state.by);
    shareChart(place, ctx, "loose", state.by);
  };
  const options: { value: Grouping; text: string }[] = [
    { value: "commodity_id", text: t("by commodity") },
    { value: "market", text: t("by market") },
  ];
  const choice = select(t("Bars"), options, state.by, (value) => {
    state.by = value as Grouping;
    draw();
  });
  root.append(h("div", { class: "controls" }, choice), place);
  draw();
}
