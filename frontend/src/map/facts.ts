/** What the map says about a node or link that is pointed at. */

import { h } from "../core/dom";
import type { Row } from "../core/document";
import type { Context } from "../core/pages";
import { rowDialog, sourceButtons } from "../core/sources";
import { clauses } from "../core/phrases";
import { shortPlace } from "../core/routes";
import { countryName, days, num, percent, t } from "../core/texts";
import { unit, word } from "../core/words";
import type { Band } from "./bands";
import type { Hit } from "./hit";
import type { MapLink, MapNode } from "./scene";
import { corridorWord, stateWord } from "./words";

type Fact = [string, string];

/** What goes over a link that is pointed at. */
export interface Carried {
  /** Recommended itineraries that use it, where the map counts them. */
  uses?: number | undefined;
  loads: readonly Band[];
}

/** The card's content; `pinned` cards can be worked with, others only read. */
export function factsOf(ctx: Context, hit: Hit, carried: Carried, pinned: boolean): Node[] {
  const [title, facts, table, row, sources] =
    "node" in hit ? nodeFacts(ctx, hit.node) : linkFacts(ctx, hit.link, carried);
  const list = h("dl", { class: "map-facts" });
  for (const [name, value] of facts) list.append(h("dt", {}, name), h("dd", {}, value));
  const nodes: Node[] = [h("strong", { class: "map-card-title" }, title), list];
  if (pinned) {
    const all = h("button", { type: "button", onclick: () => rowDialog(ctx, table, row) }, t("All facts"));
    nodes.push(h("div", { class: "map-card-actions" }, all, sources ? sourceButtons(ctx, sources) : null));
  } else {
    nodes.push(h("p", { class: "map-hint" }, t("Click or press Enter for sources")));
  }
  return nodes;
}

/** One line for screen readers. */
export function spokenFacts(ctx: Context, hit: Hit): string {
  const [title, facts] = "node" in hit ? nodeFacts(ctx, hit.node) : linkFacts(ctx, hit.link, { loads: [] });
  return [title, ...facts.map(([name, value]) => `${name}: ${value}`)].join("; ");
}

type Card = [title: string, facts: Fact[], table: string, row: string, sources: string];

function nodeFacts(ctx: Context, node: MapNode): Card {
  const { row } = node;
  const facts: Fact[] = [
    [t("kind"), word(node.kind)],
    [t("country"), countryName(node.country)],
  ];
  if (row["position_status"]) facts.push([t("position"), word(String(row["position_status"]))]);
  if (!node.inRun) facts.push([t("state"), t("not in this run")]);
  const sources = String(row["position_source_id"] ?? "");
  return [ctx.doc.place(node.id), facts, "input_nodes", node.id, sources];
}

function linkFacts(ctx: Context, link: MapLink, carried: Carried): Card {
  const { row } = link;
  const facts: Fact[] = [
    [t("mode"), word(link.mode) + (row["gauge_mm"] ? `, ${row["gauge_mm"]} ${unit("mm")}` : "")],
    [t("length"), lengthText(row)],
  ];
  if (link.moveHours) {
    facts.push([t("moving time"), t("{days} days", { days: days(link.moveHours) })]);
  }
  addNumber(facts, t("freight rate"), row, "cost_usd_per_teu", unit("USD/TEU"));
  addNumber(facts, t("capacity"), row, "capacity_trains_per_day", unit("trains/day"));
  if (row["state"]) facts.push([t("state"), stateText(link)]);
  if (row["corridor"]) {
    facts.push([t("corridor"), String(row["corridor"]).split(";").map(corridorWord).join(", ")]);
  }
  if (carried.uses !== undefined) facts.push([t("recommended itineraries"), num(carried.uses)]);
  facts.push(...carried.loads.map((band) => loadFact(ctx, band)));
  const ends = `${ctx.doc.place(String(row["from_node"]))} – ${ctx.doc.place(String(row["to_node"]))}`;
  return [ends, facts, "input_links", link.id, linkSources(row)];
}

/** TEU, tonnes, utilization and price of one direction. */
function loadFact(ctx: Context, band: Band): Fact {
  const { row } = band.link;
  const [from, to] = band.forward ? [row.from_node, row.to_node] : [row.to_node, row.from_node];
  const parts = [`${num(band.teu)} ${t("TEU a year")}`, `${num(band.t)} ${t("t a year")}`];
  if (band.utilization !== null) parts.push(t("utilization {share}", { share: percent(band.utilization) }));
  if (band.price >= 1) parts.push(t("scarce space costs {cost} USD/TEU extra", { cost: num(band.price) }));
  return [`${shortPlace(ctx.doc, String(from))} → ${shortPlace(ctx.doc, String(to))}`, clauses(parts)];
}

function addNumber(facts: Fact[], name: string, row: Row, key: string, unit: string): void {
  const value = row[key];
  if (typeof value === "number") facts.push([name, `${num(value)} ${unit}`]);
}

function lengthText(row: Row): string {
  const status = row["length_status"] ? ` (${word(String(row["length_status"]))})` : "";
  return `${num(Number(row["length_km"] ?? 0))} ${unit("km")}${status}`;
}

function stateText(link: MapLink): string {
  const state = stateWord(String(link.row["state"]));
  const opens = link.row["opens"] ? ` (${link.row["opens"]})` : "";
  return link.inRun ? state + opens : `${state}${opens}; ${t("not in this run")}`;
}

export function linkSources(row: Row): string {
  const keys = ["length_source_id", "travel_source_id", "capacity_source_id"];
  const ids = keys.flatMap((key) => String(row[key] ?? "").split(";")).filter(Boolean);
  return [...new Set(ids)].join(";");
}
