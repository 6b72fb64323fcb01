/** What goes over the links of a run: by direction, with how full they are. */

import { type Doc, number, type Row } from "../core/document";
import type { MapLink, Scene } from "./scene";

export interface Band {
  link: MapLink;
  /** In the direction in which the link is stored. */
  forward: boolean;
  teu: number;
  t: number;
  /** Load over capacity; null where the case knows no capacity. */
  utilization: number | null;
  /** What a TEU pays for scarce room [USD]. */
  price: number;
}

/** Return the loads of the links, the widest first, so that narrow ones are drawn above them. */
export function bandsOf(doc: Doc, scene: Scene): Band[] {
  const bands = doc.table("link_loads").flatMap((row): Band[] => {
    const link = scene.linkById.get(String(row.id));
    if (!link) return [];
    const forward = row.from_node === link.row.from_node;
    return [{ link, forward, teu: number(row.teu) ?? 0, t: number(row.t) ?? 0, utilization: null, price: 0 }];
  });
  const used = new Use(doc);
  for (const band of bands) used.fill(band);
  return bands.filter((band) => band.teu > 0).sort((a, b) => b.teu - a.teu);
}

/** Capacities along a link: its own, and the departures between its ends. */
class Use {
  private readonly links = new Map<string, Row[]>();
  private readonly services = new Map<string, Row[]>();

  constructor(doc: Doc) {
    for (const row of doc.table("bottlenecks")) {
      if (row.kind === "link") put(this.links, String(row.id), row);
      if (row.kind !== "service") continue;
      const mode = doc.row("input_services", String(row.id))?.mode;
      put(this.services, ends(mode, row.from_node, row.to_node), row);
    }
  }

  fill(band: Band): void {
    const { row, mode } = band.link;
    const [from, to] = band.forward ? [row.from_node, row.to_node] : [row.to_node, row.from_node];
    const own = (this.links.get(band.link.id) ?? []).filter((one) => !one.from_node || one.from_node === from);
    const departures = this.services.get(ends(mode, from, to)) ?? [];
    // Cargo may take another departure of the same way, so these share their capacity.
    const shares = [...own.map((one) => number(one.utilization)), together(departures)];
    const known = shares.filter((share) => share !== null);
    band.utilization = known.length > 0 ? Math.max(...known) : null;
    band.price = Math.max(0, ...[...own, ...departures].map((one) => number(one.price_usd_per_teu) ?? 0));
  }
}

function together(departures: Row[]): number | null {
  const sum = (column: string): number => departures.reduce((all, row) => all + (number(row[column]) ?? 0), 0);
  // Departures that are added as they are needed have no capacity, nor has the way that they serve.
  if (departures.some((row) => number(row.capacity) === null)) return null;
  const capacity = sum("capacity");
  return capacity > 0 ? sum("load") / capacity : null;
}

function ends(mode: unknown, from: unknown, to: unknown): string {
  return [mode, from, to].join(" ");
}

function put(lists: Map<string, Row[]>, key: string, row: Row): void {
  const list = lists.get(key);
  if (list) list.push(row);
  else lists.set(key, [row]);
}
