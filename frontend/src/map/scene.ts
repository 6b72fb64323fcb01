/** What the map draws, projected once: countries, links, nodes. */

import type { Doc, Row } from "../core/document";
import { boxOfPath, emptyBox, extend, worldX, worldY, type Box } from "./projection";

export type Mode = "rail" | "sea" | "ferry" | "road";
export const MODES: readonly Mode[] = ["rail", "sea", "ferry", "road"];

export interface MapLink {
  id: string;
  mode: Mode;
  /** Infrastructure that works today and is part of this run; other links are dashed. */
  built: boolean;
  inRun: boolean;
  /** x, y, x, y … in world units. */
  path: Float64Array;
  box: Box;
  row: Row;
  moveHours: number;
}

export interface MapNode {
  id: string;
  kind: string;
  country: string;
  x: number;
  y: number;
  row: Row;
  inRun: boolean;
}

export interface MapCountry {
  id: string;
  shape: Path2D;
  box: Box;
  /** Where the name goes: the middle of the largest part. */
  x: number;
  y: number;
}

export interface Scene {
  countries: MapCountry[];
  links: MapLink[];
  nodes: MapNode[];
  linkById: Map<string, MapLink>;
  nodeById: Map<string, MapNode>;
  /** Countries that hold a node of the network: only those are named. */
  named: Set<string>;
}

export function buildScene(doc: Doc): Scene {
  const nodes = buildNodes(doc);
  const nodeById = new Map(nodes.map((node) => [node.id, node]));
  const links = buildLinks(doc, nodeById);
  return {
    countries: buildCountries(doc),
    links,
    nodes,
    linkById: new Map(links.map((link) => [link.id, link])),
    nodeById,
    named: new Set(nodes.map((node) => node.country)),
  };
}

function buildNodes(doc: Doc): MapNode[] {
  const inRun = new Set(doc.table("network_nodes").map((row) => row["id"]));
  const rows = doc.table("input_nodes");
  return (rows.length ? rows : doc.table("network_nodes")).flatMap((row) => {
    const lon = row["lon"];
    const lat = row["lat"];
    if (typeof lon !== "number" || typeof lat !== "number") return [];
    return [
      {
        id: String(row["id"]),
        kind: String(row["kind"] ?? ""),
        country: String(row["country"] ?? ""),
        x: worldX(lon),
        y: worldY(lat),
        row,
        inRun: inRun.has(row["id"] ?? null),
      },
    ];
  });
}

function buildLinks(doc: Doc, nodes: Map<string, MapNode>): MapLink[] {
  const run = new Map(doc.table("network_links").map((row) => [String(row["id"]), row]));
  const shapes = new Map(
    doc.table("geometry").map((row) => [String(row["link_id"]), String(row["coordinates"] ?? "")]),
  );
  const rows = doc.table("input_links");
  const all = rows.length ? rows : doc.table("network_links");
  return all.flatMap((row) => {
    const id = String(row["id"]);
    const mode = MODES.find((m) => m === row["mode"]);
    const path = pathOf(shapes.get(id), row, nodes);
    if (!mode || !path) return [];
    const used = run.get(id);
    return [
      {
        id,
        mode,
        built: used !== undefined && (row["state"] ?? "operating") === "operating",
        inRun: used !== undefined,
        path,
        box: boxOfPath(path),
        row: used ? { ...row, ...used } : row,
        moveHours: Number(used?.["move_h"] ?? 0),
      },
    ];
  });
}

/** The drawn line of a link; a straight one between its ends where none is kept. */
function pathOf(
  text: string | undefined,
  row: Row,
  nodes: Map<string, MapNode>,
): Float64Array | null {
  const points = (text ?? "").split(" ").flatMap((pair) => {
    const [lon, lat] = pair.split(",").map(Number);
    return pair && Number.isFinite(lon) && Number.isFinite(lat) ? [worldX(lon!), worldY(lat!)] : [];
  });
  if (points.length >= 4) return Float64Array.from(points);
  const from = nodes.get(String(row["from_node"]));
  const to = nodes.get(String(row["to_node"]));
  return from && to ? Float64Array.of(from.x, from.y, to.x, to.y) : null;
}

function buildCountries(doc: Doc): MapCountry[] {
  return doc.raw.boundaries.countries.map((country) => {
    const shape = new Path2D();
    const box = emptyBox();
    let largest = 0;
    let middle: [number, number] = [0, 0];
    for (const polygon of country.polygons) {
      polygon.forEach((ring, index) => {
        addRing(shape, ring, box);
        if (index > 0) return;
        const [area, x, y] = centroid(ring);
        if (area > largest) {
          largest = area;
          middle = [x, y];
        }
      });
    }
    return { id: country.id, shape, box, x: middle[0], y: middle[1] };
  });
}

function addRing(shape: Path2D, ring: [number, number][], box: Box): void {
  ring.forEach(([lon, lat], index) => {
    const x = worldX(lon);
    const y = worldY(lat);
    extend(box, x, y);
    if (index === 0) shape.moveTo(x, y);
    else shape.lineTo(x, y);
  });
  shape.closePath();
}

/** Area and centroid of a ring in world units (shoelace formula). */
function centroid(ring: [number, number][]): [number, number, number] {
  let area = 0;
  let sumX = 0;
  let sumY = 0;
  for (let i = 0; i < ring.length; i += 1) {
    const [lonA, latA] = ring[i]!;
    const [lonB, latB] = ring[(i + 1) % ring.length]!;
    const [ax, ay, bx, by] = [worldX(lonA), worldY(latA), worldX(lonB), worldY(latB)];
    const cross = ax * by - bx * ay;
    area += cross;
    sumX += (ax + bx) * cross;
    sumY += (ay + by) * cross;
  }
  if (area === 0) return [0, 0, 0];
  return [Math.abs(area / 2), sumX / (3 * area), sumY / (3 * area)];
}

/** Ends of links over land and across the Caspian: what the first view shows, without the oceans. */
export function inlandNodes(scene: Scene): string[] {
  const inland = scene.links.filter((link) => link.mode !== "sea");
  return inland.flatMap(({ row }) => [String(row["from_node"]), String(row["to_node"])]);
}

/** The box of all nodes, or of those given; null where there are none. */
export function nodesBox(scene: Scene, ids?: string[]): Box | null {
  const nodes = ids ? ids.flatMap((id) => scene.nodeById.get(id) ?? []) : scene.nodes;
  if (!nodes.length) return null;
  const box = emptyBox();
  for (const node of nodes) extend(box, node.x, node.y);
  return box;
}
