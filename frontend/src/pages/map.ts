/** The corridor on a map: the network, and the itineraries of a chosen pair. */

import { type Row, ids, number } from "../core/document";
import { costText, dayRange, legsOf, pairName, pairsOf } from "../core/routes";
import { button, clear, h, select } from "../core/dom";
import { keepInAddress } from "../core/kept";
import { registerPage, type Context } from "../core/pages";
import { clauses, listed } from "../core/phrases";
import { chosenButtons, sourceButtons } from "../core/sources";
import { dataTable } from "../core/table";
import { countryName, days, num, t } from "../core/texts";
import { onThemeChange, palette } from "../core/theme";
import { unit } from "../core/words";
import { createMap, type KarvanMap, type Route } from "../map";
import { linkSources } from "../map/facts";
import { nodesOf } from "../map/routes";
import { buildScene, type Scene } from "../map/scene";
import { corridorWord, stateWord } from "../map/words";
import "./reading.css";

/** The recommended itinerary and as many others as can be told apart by colour. */
const ALTERNATIVES = 3;
const NONE = "none";

registerPage({ id: "map", title: () => t("Map"), order: 20, render });

function render(root: HTMLElement, ctx: Context): () => void {
  const pairs = pairsOf(ctx.doc).map((one) => ({ value: one.id, text: pairName(ctx.doc, one) }));
  // The first pair of the case, unless the reader asks for another one or for none.
  const asked = ctx.params.get("pair");
  let pair = asked === NONE ? "" : (asked ?? pairs[0]?.value ?? "");
  if (!pairs.some((p) => p.value === pair)) pair = "";
  let moving = false;

  const stage = h("div", {});
  const chosen = h("div", {});
  const move = button(t("Show movement"), () => {
    moving = !moving;
    move.setAttribute("aria-pressed", String(moving));
    map.animate(moving);
  });
  move.setAttribute("aria-pressed", "false");
  const choice = select(
    t("Route"),
    [{ value: "", text: t("none: the whole network") }, ...pairs],
    pair,
    (value) => {
      pair = value;
      keepInAddress("pair", pair || NONE);
      keepInAddress("view", null);
      show(true);
    },
  );
  root.append(
    h("p", { class: "lead" }, t("Choose a route to see its itineraries. Point at a line or a place for its facts.")),
    h("div", { class: "reading-tools" }, choice, move),
    stage,
    chosen,
  );

  const scene = buildScene(ctx.doc);
  const map: KarvanMap = createMap(stage, ctx, { onView: (view) => keepInAddress("view", view) });
  const show = (frame: boolean): void => {
    const routes = pair ? routesOf(ctx, pair) : [];
    move.hidden = routes.length === 0;
    map.setRoutes(routes);
    if (frame) map.focus(routes.flatMap((route) => nodesOf(scene, route.legs)));
    clear(chosen);
    if (routes.length) chosen.append(itineraryList(ctx, pair, routes));
  };
  show(pair !== "");
  const view = ctx.params.get("view");
  if (view) map.open(view);
  const forget = onThemeChange(() => show(false));
  tables(root, ctx, scene);
  return () => {
    forget();
    map.destroy();
  };
}

function routesOf(ctx: Context, pair: string): Route[] {
  return itinerariesOf(ctx, pair).map((row, index) => {
    const legs = legsOf(ctx.doc, row);
    return { legs, label: routeName(ctx, legs), colour: palette[index % palette.length]! };
  });
}

/** The recommended itinerary, then others by rank. */
function itinerariesOf(ctx: Context, pair: string): Row[] {
  return pairsOf(ctx.doc).find((one) => one.id === pair)?.itineraries.slice(0, 1 + ALTERNATIVES) ?? [];
}

function routeName(ctx: Context, legs: Row[]): string {
  const via = legs.slice(1).map((leg) => ctx.doc.place(String(leg.origin)));
  return via.length ? t("via {places}", { places: listed(via) }) : t("direct");
}

function itineraryList(ctx: Context, pair: string, routes: Route[]): HTMLElement {
  const list = h("ol", { class: "route-list" });
  itinerariesOf(ctx, pair).forEach((row, index) => {
    const route = routes[index]!;
    const line = h("span", { class: index === 0 ? "route-line broad" : "route-line", "aria-hidden": "true" });
    line.style.background = route.colour;
    const sources = route.legs.map((leg) => leg.source_ids ?? "").join(";");
    const numbers = route.legs.map((leg) => leg.chosen ?? "").join(";");
    list.append(
      h(
        "li",
        {},
        line,
        h("span", {}, index === 0 ? h("strong", {}, `${t("Recommended")} `) : null, route.label),
        h("span", { class: "route-figures" }, figures(row)),
        h("span", { class: "route-sources" }, sourceButtons(ctx, sources), " ", chosenButtons(ctx, numbers)),
      ),
    );
  });
  return list;
}

function figures(row: Row): string {
  return [
    t("{days} days ({range})", { days: days(number(row.mean_h)), range: dayRange(row) }),
    costText(row),
    `${num(number(row.km))} ${unit("km")}`,
  ].join(" · ");
}

/** The same in words: every link and place that the map shows. */
function tables(root: HTMLElement, ctx: Context, scene: Scene): void {
  const links = scene.links.map((link) => ({
    id: link.id,
    from: ctx.doc.place(String(link.row.from_node)),
    to: ctx.doc.place(String(link.row.to_node)),
    mode: link.mode,
    length_km: number(link.row.length_km),
    move_h: link.moveHours || null,
    state: clauses([stateWord(String(link.row.state ?? "")), ...(link.inRun ? [] : [t("not in this run")])]),
    corridor: listed(ids(link.row.corridor).map(corridorWord)),
    sources: linkSources(link.row),
  }));
  root.append(h("h2", {}, t("Links and places in words")));
  dataTable(
    root,
    ctx,
    links,
    [
      { key: "from", title: t("from") },
      { key: "to", title: t("to") },
      { key: "mode", title: t("mode"), kind: "word", fold: 2 },
      { key: "length_km", title: unit("km"), kind: "number", fold: 1 },
      { key: "move_h", title: t("move h"), kind: "number", digits: 1, fold: 4 },
      { key: "state", title: t("state"), fold: 5 },
      { key: "corridor", title: t("corridor"), fold: 6 },
      { key: "sources", title: t("sources"), kind: "sources", fold: 3 },
      { key: "id", title: t("row"), kind: "row", table: "input_links", fold: 7 },
    ],
    { caption: t("Links of the network"), file: "links", filter: true, pageSize: 10, choices: ["mode"] },
  );
  const nodes = scene.nodes.map((node) => ({
    id: node.id,
    kind: node.kind,
    country: countryName(node.country),
    state: node.inRun ? t("in this run") : t("not in this run"),
  }));
  dataTable(
    root,
    ctx,
    nodes,
    [
      { key: "id", title: t("name"), kind: "row", table: "input_nodes" },
      { key: "kind", title: t("kind"), kind: "word", fold: 2 },
      { key: "country", title: t("country"), fold: 1 },
      { key: "state", title: t("state"), fold: 3 },
    ],
    { caption: t("Places of the network"), file: "nodes", filter: true, pageSize: 10, choices: ["kind"] },
  );
}
