/** The map as an SVG file, with text as text. */

import type { Country } from "../core/document";
import { drawnBands } from "./draw-bands";
import {
  linkWidth,
  networkStrength,
  nodeRadius,
  placedLabels,
  routeEnds,
  routeSide,
  routeWidth,
  shifted,
  type Picture,
} from "./draw";
import { leader } from "./labels";
import { onScreen, worldX, worldY } from "./projection";
import { stepsOf } from "./routes";

const NS = "http://www.w3.org/2000/svg";

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

export function mapSvg(p: Picture, countries: Country[], caption: string): string {
  const size = { width: p.width, height: p.height };
  const svg = element("svg", { xmlns: NS, ...size, viewBox: `0 0 ${p.width} ${p.height}` });
  const title = element("title", {});
  title.textContent = caption;
  svg.append(title, element("rect", { ...size, fill: p.colours.sea }));
  svg.append(...countryShapes(p, countries), ...linkShapes(p), ...bandShapes(p), ...routeShapes(p), ...dots(p));
  svg.append(...names(p));
  const credit = element("text", { x: 6, y: p.height - 6, "font-size": 9, fill: p.colours.muted });
  credit.setAttribute("font-family", "system-ui, sans-serif");
  credit.textContent = caption;
  svg.append(credit);
  return new XMLSerializer().serializeToString(svg);
}

function pathText(points: [number, number][]): string {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

function countryShapes(p: Picture, countries: Country[]): SVGElement[] {
  const { view } = p;
  const project = ([lon, lat]: [number, number]): [number, number] => [
    worldX(lon) * view.scale + view.x,
    worldY(lat) * view.scale + view.y,
  ];
  return countries.flatMap((country, index) => {
    const shape = p.scene.countries[index];
    if (!shape || !onScreen(shape.box, p.view, p.width, p.height)) return [];
    const rings = country.polygons.flat();
    const d = rings
      .map((ring) => `${pathText(ring.map(project))}Z`)
      .join("");
    const look = { fill: p.colours.land, stroke: p.colours.border, "stroke-width": 0.8 };
    return [element("path", { d, ...look, "fill-rule": "evenodd" })];
  });
}

function linkShapes(p: Picture): SVGElement[] {
  const most = Math.max(0, ...p.flows.values());
  return p.scene.links.flatMap((link) => {
    if (!p.shownModes.has(link.mode) || !onScreen(link.box, p.view, p.width, p.height)) return [];
    return [
      element("path", {
        d: pathText(shifted(link.path, p.view, 0)),
        fill: "none",
        stroke: p.colours.modes[link.mode],
        "stroke-width": linkWidth(link, p.flows, most),
        "stroke-opacity": networkStrength(p),
        ...(link.built ? {} : { "stroke-dasharray": "2 5" }),
      }),
    ];
  });
}

function bandShapes(p: Picture): SVGElement[] {
  const bands = drawnBands(p);
  const lines = bands.map(({ points, width, colour }) => element("path", { d: pathText(points), fill: "none", stroke: colour, "stroke-width": width.toFixed(2) }));
  const arrows = bands.flatMap(({ arrow, colour }) => (arrow ? [element("path", { d: `${pathText(arrow)}Z`, fill: colour, stroke: p.colours.halo })] : []));
  return [...lines, ...arrows];
}

function routeShapes(p: Picture): SVGElement[] {
  return p.routes.map((route, index) => {
    const steps = stepsOf(p.scene, route.legs).flat();
    const d = steps.map(({ link }) => pathText(shifted(link.path, p.view, routeSide(index)))).join("");
    return element("path", { d, fill: "none", stroke: route.colour, "stroke-width": routeWidth(index) });
  });
}

function dots(p: Picture): SVGElement[] {
  const ends = routeEnds(p.routes);
  return p.scene.nodes.flatMap((node) => {
    const cx = node.x * p.view.scale + p.view.x;
    const cy = node.y * p.view.scale + p.view.y;
    if (cx < 0 || cy < 0 || cx > p.width || cy > p.height) return [];
    const r = ends.has(node.id) ? 6 : nodeRadius(node, p.view);
    const [fill, stroke] = node.inRun ? [p.colours.node, p.colours.halo] : [p.colours.halo, p.colours.node];
    return [element("circle", { cx, cy, r, fill, stroke })];
  });
}

function names(p: Picture): SVGElement[] {
  return placedLabels(p).flatMap((placed) => {
    const { label, left, top, height } = placed;
    const text = element("text", {
      x: left.toFixed(1),
      y: (top + height * 0.78).toFixed(1),
      fill: label.gap === 0 ? p.colours.muted : p.colours.text,
      stroke: p.colours.halo,
      "stroke-width": 3,
      "stroke-opacity": 0.85,
      "paint-order": "stroke",
      "font-family": "system-ui, sans-serif",
      "font-size": label.size,
      "font-weight": label.font.startsWith("600") ? 600 : 400,
    });
    text.textContent = label.text;
    if (!placed.far) return [text];
    const [x1, y1, x2, y2] = leader(placed);
    return [element("line", { x1, y1, x2, y2, stroke: p.colours.muted }), text];
  });
}
