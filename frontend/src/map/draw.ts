/** The still picture: sea, countries, links, routes, nodes and names. */

import { lang, t } from "../core/texts";
import type { Band } from "./bands";
import type { MapColours } from "./colours";
import { drawBands } from "./draw-bands";
import type { Hit } from "./hit";
import { leader, placeLabels, type Label, type Placed } from "./labels";
import { Occupied } from "./occupied";
import { onScreen, worldX, worldY, type Box, type View } from "./projection";
import { stepsOf, type Route, type Step } from "./routes";
import type { MapLink, MapNode, Mode, Scene } from "./scene";

export interface Picture {
  scene: Scene;
  view: View;
  width: number;
  height: number;
  colours: MapColours;
  shownModes: ReadonlySet<Mode>;
  routes: Route[];
  flows: ReadonlyMap<string, number>;
  /** The layer of flows; empty where it is switched off. */
  bands: readonly Band[];
  /** Something moves above: the network steps back. */
  filmed: boolean;
  nodeName: (node: MapNode) => string;
  countryName: (id: string) => string;
  measure: (text: string, font: string) => number;
}

const FONT = 'system-ui, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif';
const RADIUS: Record<string, number> = {
  port: 4,
  dry_port: 3.6,
  gauge_change: 3.6,
  city: 3.4,
  border: 2.8,
  station: 2.6,
  waypoint: 1.4,
};
const RANK: Record<string, number> = {
  port: 20,
  city: 22,
  dry_port: 24,
  gauge_change: 26,
  border: 28,
  station: 30,
};
const SMALL_RADIUS = 2;
/** Below this scale (pixels a degree of latitude) dots shrink, so that a wide view is not all dots. */
const FULL_DOTS_SCALE = 18;
const MOST_FLOW_WIDTH_PX = 9;
const WIDTH_STEPS = 8;
const ROUTE_WIDTH_PX = 6;
const ALTERNATIVE_WIDTH_PX = 2.5;
const OFFSET_PX = 4;

export const MIDDLE_WIDTH_PX = 2.2;
export const LINK_WIDTH_PX = 1.3;

export function drawPicture(ctx: CanvasRenderingContext2D, p: Picture, ratio: number): void {
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.fillStyle = p.colours.sea;
  ctx.fillRect(0, 0, p.width, p.height);
  drawCountries(ctx, p, ratio);
  drawLinks(ctx, p, ratio);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  drawBands(ctx, p);
  drawRoutes(ctx, p);
  drawNodes(ctx, p);
  for (const placed of placedLabels(p)) {
    drawLabel(ctx, placed, p);
  }
}

function toWorld(ctx: CanvasRenderingContext2D, view: View, ratio: number): void {
  const s = ratio * view.scale;
  ctx.setTransform(s, 0, 0, s, ratio * view.x, ratio * view.y);
}

function drawCountries(ctx: CanvasRenderingContext2D, p: Picture, ratio: number): void {
  toWorld(ctx, p.view, ratio);
  ctx.fillStyle = p.colours.land;
  ctx.strokeStyle = p.colours.border;
  ctx.lineWidth = 0.8 / p.view.scale;
  ctx.lineJoin = "round";
  for (const country of p.scene.countries) {
    if (!onScreen(country.box, p.view, p.width, p.height)) continue;
    ctx.fill(country.shape, "evenodd");
    ctx.stroke(country.shape);
  }
}

/** Width of a link in pixels: by its flow where there are flows, else by its corridor. */
export function linkWidth(link: MapLink, flows: ReadonlyMap<string, number>, most: number): number {
  if (!flows.size) {
    return String(link.row["corridor"] ?? "").split(";").includes("middle")
      ? MIDDLE_WIDTH_PX
      : LINK_WIDTH_PX;
  }
  const value = flows.get(link.id) ?? 0;
  if (value <= 0 || most <= 0) return LINK_WIDTH_PX / 2;
  const step = Math.ceil(Math.sqrt(value / most) * WIDTH_STEPS);
  return LINK_WIDTH_PX + ((MOST_FLOW_WIDTH_PX - LINK_WIDTH_PX) * step) / WIDTH_STEPS;
}

interface Group {
  mode: Mode;
  built: boolean;
  width: number;
  shape: Path2D;
}

/** Links of one look are one path, so that thousands of links are a few strokes. */
function linkGroups(p: Picture): Group[] {
  const most = Math.max(0, ...p.flows.values());
  const groups = new Map<string, Group>();
  for (const link of p.scene.links) {
    if (!p.shownModes.has(link.mode) || !onScreen(link.box, p.view, p.width, p.height)) continue;
    const width = linkWidth(link, p.flows, most);
    const key = `${link.mode} ${link.built} ${width}`;
    let group = groups.get(key);
    if (!group) {
      group = { mode: link.mode, built: link.built, width, shape: new Path2D() };
      groups.set(key, group);
    }
    const { path } = link;
    group.shape.moveTo(path[0]!, path[1]!);
    for (let i = 2; i < path.length; i += 2) group.shape.lineTo(path[i]!, path[i + 1]!);
  }
  return [...groups.values()].sort((a, b) => a.width - b.width);
}

function drawLinks(ctx: CanvasRenderingContext2D, p: Picture, ratio: number): void {
  toWorld(ctx, p.view, ratio);
  const pixel = 1 / p.view.scale;
  ctx.lineCap = "round";
  const strength = networkStrength(p);
  for (const group of linkGroups(p)) {
    ctx.strokeStyle = p.colours.modes[group.mode];
    ctx.globalAlpha = strength;
    ctx.lineWidth = group.width * pixel;
    ctx.setLineDash(group.built ? [] : [2 * pixel, 5 * pixel]);
    ctx.stroke(group.shape);
  }
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

/** Routes, flows and what moves stand out against a pale network. */
export function networkStrength(p: Picture): number {
  return p.routes.length || p.bands.length || p.filmed ? 0.4 : 0.9;
}

/** The first route lies broad below, the others thin and beside each other above it. */
export function routeWidth(index: number): number {
  return index === 0 ? ROUTE_WIDTH_PX : ALTERNATIVE_WIDTH_PX;
}

/** How far a route is moved aside [px]. */
export function routeSide(index: number): number {
  return index === 0 ? 0 : (index % 2 ? 1 : -1) * Math.ceil(index / 2) * OFFSET_PX;
}

function drawRoutes(ctx: CanvasRenderingContext2D, p: Picture): void {
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  p.routes.forEach((route, index) => {
    const steps = stepsOf(p.scene, route.legs).flat();
    const shape = routeShape(steps, p.view, routeSide(index));
    if (index === 0) {
      ctx.strokeStyle = p.colours.halo;
      ctx.lineWidth = ROUTE_WIDTH_PX + 3;
      ctx.stroke(shape);
    }
    ctx.strokeStyle = route.colour;
    ctx.lineWidth = routeWidth(index);
    ctx.stroke(shape);
  });
}

/** Links as stored, not as travelled: so all routes are moved to the same side of a link. */
function routeShape(steps: Step[], view: View, side: number): Path2D {
  const shape = new Path2D();
  for (const { link } of steps) {
    const points = shifted(link.path, view, side);
    points.forEach(([x, y], i) => (i ? shape.lineTo(x, y) : shape.moveTo(x, y)));
  }
  return shape;
}

/** Screen points of a line moved aside by some pixels. */
export function shifted(path: Float64Array, view: View, side: number): [number, number][] {
  const points: [number, number][] = [];
  const last = path.length - 2;
  for (let i = 0; i <= last; i += 2) {
    const before = Math.max(0, i - 2);
    const after = Math.min(last, i + 2);
    const dx = path[after]! - path[before]!;
    const dy = path[after + 1]! - path[before + 1]!;
    const length = Math.hypot(dx, dy) || 1;
    points.push([
      path[i]! * view.scale + view.x - (dy / length) * side,
      path[i + 1]! * view.scale + view.y + (dx / length) * side,
    ]);
  }
  return points;
}

export function nodeRadius(node: MapNode, view: View): number {
  const full = RADIUS[node.kind] ?? SMALL_RADIUS;
  return full * Math.min(1.5, Math.max(0.6, Math.sqrt(view.scale / FULL_DOTS_SCALE)));
}

function drawNodes(ctx: CanvasRenderingContext2D, p: Picture): void {
  const ends = routeEnds(p.routes);
  const groups = new Map<number, MapNode[]>();
  for (const node of p.scene.nodes) {
    if (!onScreen(pointBox(node), p.view, p.width, p.height)) continue;
    const radius = ends.has(node.id) ? 6 : nodeRadius(node, p.view);
    const group = groups.get(radius);
    if (group) group.push(node);
    else groups.set(radius, [node]);
  }
  for (const [radius, nodes] of groups) {
    for (const inRun of [true, false]) {
      drawDots(ctx, p, nodes.filter((node) => node.inRun === inRun), radius, inRun);
    }
  }
}

/** Dots of one size and look are stamped from one small picture. */
function drawDots(
  ctx: CanvasRenderingContext2D,
  p: Picture,
  nodes: MapNode[],
  radius: number,
  inRun: boolean,
): void {
  if (!nodes.length) return;
  const ratio = ctx.getTransform().a;
  const stamp = document.createElement("canvas");
  const size = Math.ceil((radius + 2) * 2);
  stamp.width = stamp.height = Math.ceil(size * ratio);
  const pen = stamp.getContext("2d")!;
  pen.scale(ratio, ratio);
  pen.arc(size / 2, size / 2, radius, 0, 2 * Math.PI);
  pen.fillStyle = inRun ? p.colours.node : p.colours.halo;
  pen.strokeStyle = inRun ? p.colours.halo : p.colours.node;
  pen.lineWidth = 1.2;
  pen.fill();
  pen.stroke();
  for (const node of nodes) {
    const x = node.x * p.view.scale + p.view.x - size / 2;
    const y = node.y * p.view.scale + p.view.y - size / 2;
    ctx.drawImage(stamp, x, y, stamp.width / ratio, stamp.height / ratio);
  }
}

const pointBox = (node: MapNode): Box => ({
  left: node.x,
  right: node.x,
  top: node.y,
  bottom: node.y,
});

export function routeEnds(routes: Route[]): Set<string> {
  const ends = new Set<string>();
  for (const { legs } of routes) {
    if (!legs.length) continue;
    ends.add(String(legs[0]!["origin"]));
    ends.add(String(legs[legs.length - 1]!["destination"]));
  }
  return ends;
}

/** Places where cargo of a shown route changes carrier: they are named before others. */
function routeStops(routes: Route[]): Set<string> {
  return new Set(routes.flatMap(({ legs }) => legs.map((leg) => String(leg["origin"]))));
}

export function placedLabels(p: Picture): Placed[] {
  return placeLabels(labelsOf(p), p.width, p.height, p.measure, occupiedBy(p));
}

/** Lines of this width or more are kept free of names; thinner ones can be read through. */
const BROAD_PX = 3;

function occupiedBy(p: Picture): Occupied {
  const occupied = new Occupied(p.width, p.height);
  for (const node of p.scene.nodes) {
    occupied.dot(node.x * p.view.scale + p.view.x, node.y * p.view.scale + p.view.y, nodeRadius(node, p.view));
  }
  p.routes.forEach((route, index) => {
    for (const { link } of stepsOf(p.scene, route.legs).flat()) {
      occupied.line(shifted(link.path, p.view, routeSide(index)), routeWidth(index), "route");
    }
  });
  const most = Math.max(0, ...p.flows.values());
  for (const link of p.scene.links) {
    const width = linkWidth(link, p.flows, most);
    const seen = p.shownModes.has(link.mode) && onScreen(link.box, p.view, p.width, p.height);
    if (seen && width >= BROAD_PX) occupied.line(shifted(link.path, p.view, 0), width, "broad");
  }
  return occupied;
}

function labelsOf(p: Picture): Label[] {
  const { view } = p;
  const ends = routeEnds(p.routes);
  const stops = routeStops(p.routes);
  const labels: Label[] = seaLabels(view);
  for (const node of p.scene.nodes) {
    const rank = ends.has(node.id) ? 0 : stops.has(node.id) ? 5 : RANK[node.kind];
    if (rank === undefined) continue;
    labels.push({
      text: p.nodeName(node),
      x: node.x * view.scale + view.x,
      y: node.y * view.scale + view.y,
      gap: nodeRadius(node, view) + 4,
      rank: rank + (node.inRun ? 0 : 20),
      font: `${rank < 10 ? "600 " : ""}12px ${FONT}`,
      size: 12,
    });
  }
  for (const country of p.scene.countries) {
    if (!p.scene.named.has(country.id)) continue;
    labels.push(areaLabel(p.countryName(country.id), country.x, country.y, view, 10));
  }
  return labels;
}

function seaLabels(view: View): Label[] {
  const seas: [string, number, number][] = [
    [t("Caspian Sea"), 50.9, 41.6],
    [t("Black Sea"), 34.5, 43.2],
  ];
  return seas.map(([text, lon, lat]) => areaLabel(text, worldX(lon), worldY(lat), view, 12));
}

function areaLabel(text: string, x: number, y: number, view: View, rank: number): Label {
  return {
    text: lang() === "zh" ? text : text.toLocaleUpperCase(lang()),
    x: x * view.scale + view.x,
    y: y * view.scale + view.y,
    gap: 0,
    rank,
    font: `10px ${FONT}`,
    size: 10,
  };
}

function drawLabel(ctx: CanvasRenderingContext2D, placed: Placed, p: Picture): void {
  const { label } = placed;
  if (placed.far) drawLeader(ctx, leader(placed), p.colours.muted);
  const baseline = placed.top + placed.height * 0.78;
  ctx.font = label.font;
  ctx.lineJoin = "round";
  ctx.lineWidth = 3;
  ctx.strokeStyle = p.colours.halo;
  ctx.globalAlpha = 0.85;
  ctx.strokeText(label.text, placed.left, baseline);
  ctx.globalAlpha = 1;
  ctx.fillStyle = label.gap === 0 ? p.colours.muted : p.colours.text;
  ctx.fillText(label.text, placed.left, baseline);
}

function drawLeader(ctx: CanvasRenderingContext2D, [ax, ay, bx, by]: number[], colour: string): void {
  ctx.beginPath();
  ctx.moveTo(ax!, ay!);
  ctx.lineTo(bx!, by!);
  ctx.lineWidth = 1;
  ctx.strokeStyle = colour;
  ctx.stroke();
}

/** A ring around the node, or a line along the link, that is pointed at. */
export function drawMark(pen: CanvasRenderingContext2D, hit: Hit, view: View, colour: string): void {
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5;
  pen.beginPath();
  if ("node" in hit) {
    const { node } = hit;
    const radius = nodeRadius(node, view) + 4;
    pen.arc(node.x * view.scale + view.x, node.y * view.scale + view.y, radius, 0, 2 * Math.PI);
  } else {
    const { path } = hit.link;
    for (let i = 0; i < path.length; i += 2) {
      pen.lineTo(path[i]! * view.scale + view.x, path[i + 1]! * view.scale + view.y);
    }
  }
  pen.stroke();
}

/** The credit in the lower left corner of a saved picture. */
export function drawCredit(pen: CanvasRenderingContext2D, p: Picture, text: string): void {
  const height = 10;
  const left = 6;
  const label: Label = { text, x: left, y: p.height - height, gap: 1, rank: 0, font: `9px ${FONT}`, size: 9 };
  drawLabel(pen, { label, left, top: p.height - height - 5, width: p.width, height, far: false }, p);
}
