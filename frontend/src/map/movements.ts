/** Trains, vessels and trucks of one simulated replication: where each is at an hour, in typed arrays. */

import type { Cell, Doc } from "../core/document";
import { lengthShares, stepsOf, travelled } from "./routes";
import type { Scene } from "./scene";

/** Times of the document are tenths of an hour. */
const STEPS_PER_HOUR = 10;
export const KINDS = ["train", "vessel", "truck"] as const;
export type Kind = (typeof KINDS)[number];

interface Way {
  path: Float64Array;
  /** Share of the length at which each point lies. */
  shares: Float64Array;
  /** Place of the node at the end among `places`; -1 where the map does not know it. */
  end: number;
}

/** What moves or stands at the hour that was looked at last. */
export interface Seen {
  /** World coordinates x, y, x, y … of what moves, by kind, loaded before empty. */
  points: Float64Array[];
  counts: Int32Array;
  /** How many of a kind stand at each place: kind × places. */
  standing: Int32Array;
}

export class Movements {
  /** Hours from the first day shown to the last arrival. */
  readonly end: number;
  /** Nodes where something may stand, as x, y, x, y …. */
  readonly places: Float64Array;
  readonly nodes: string[];
  readonly count: number;
  private readonly ways: (Way | null)[];
  private readonly kindOf: Uint8Array;
  /** First leg of each vehicle, and the end. */
  private readonly first: Int32Array;
  private readonly way: Int32Array;
  private readonly departs: Float64Array;
  private readonly arrives: Float64Array;
  private readonly loaded: Uint8Array;
  /** The leg a vehicle was on when it was looked at last. */
  private readonly now: Int32Array;
  private readonly seen: Seen;

  constructor(doc: Doc, scene: Scene) {
    const legs = doc.raw.tables["movement_legs"]?.rows ?? [];
    const rows = doc.table("movement_ways");
    const nodes = [...new Set(rows.map((row) => String(row.to_node)))].filter((id) => scene.nodeById.has(id));
    this.nodes = nodes;
    this.places = Float64Array.from(nodes.flatMap((id) => [scene.nodeById.get(id)!.x, scene.nodeById.get(id)!.y]));
    this.ways = rows.map((row) => wayOf(scene, String(row.from_node), String(row.to_node), String(row.links ?? ""), nodes));
    this.way = new Int32Array(legs.length);
    this.departs = new Float64Array(legs.length);
    this.arrives = new Float64Array(legs.length);
    this.loaded = new Uint8Array(legs.length);
    const starts = this.read(legs);
    this.count = starts.length;
    this.first = Int32Array.from([...starts, legs.length]);
    const kinds = rows.map((row) => Math.max(0, KINDS.indexOf(row.kind as Kind)));
    this.kindOf = Uint8Array.from(starts, (leg) => kinds[this.way[leg]!] ?? 0);
    this.now = Int32Array.from(starts);
    this.end = this.arrives.reduce((most, hour) => Math.max(most, hour), 0);
    this.seen = {
      points: Array.from({ length: 2 * KINDS.length }, () => new Float64Array(2 * this.count)),
      counts: new Int32Array(2 * KINDS.length),
      standing: new Int32Array(KINDS.length * nodes.length),
    };
  }

  /** Fill the legs; return the first leg of each vehicle. */
  private read(legs: Cell[][]): number[] {
    const starts: number[] = [];
    let hour = 0;
    legs.forEach((leg, i) => {
      const [fresh, way, after, lasts, load] = leg as number[];
      if (fresh) {
        starts.push(i);
        hour = 0;
      }
      this.way[i] = way!;
      this.departs[i] = hour += after! / STEPS_PER_HOUR;
      this.arrives[i] = hour += lasts! / STEPS_PER_HOUR;
      this.loaded[i] = load! > 0 ? 1 : 0;
    });
    return starts;
  }

  /** Say what moves and what stands at an hour; the same arrays are filled each time. */
  at(hour: number): Seen {
    const { seen } = this;
    seen.counts.fill(0);
    seen.standing.fill(0);
    for (let v = 0; v < this.count; v += 1) {
      const last = this.first[v + 1]! - 1;
      const begin = this.first[v]!;
      if (hour < this.departs[begin]! || hour > this.arrives[last]!) continue;
      const leg = this.legAt(v, begin, last, hour);
      const way = this.ways[this.way[leg]!];
      if (!way) continue;
      if (hour <= this.arrives[leg]!) this.put(way, v, leg, hour);
      else if (way.end >= 0) seen.standing[this.kindOf[v]! * this.nodes.length + way.end]! += 1;
    }
    return seen;
  }

  /** The leg that began last; hours follow each other, so it is the same one or near it. */
  private legAt(vehicle: number, begin: number, last: number, hour: number): number {
    let leg = this.now[vehicle]!;
    while (leg > begin && this.departs[leg]! > hour) leg -= 1;
    while (leg < last && this.departs[leg + 1]! <= hour) leg += 1;
    this.now[vehicle] = leg;
    return leg;
  }

  private put(way: Way, vehicle: number, leg: number, hour: number): void {
    const { path, shares } = way;
    const time = this.arrives[leg]! - this.departs[leg]!;
    const gone = time > 0 ? (hour - this.departs[leg]!) / time : 1;
    let [low, high] = [0, shares.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (shares[middle]! <= gone) low = middle;
      else high = middle;
    }
    const span = shares[high]! - shares[low]!;
    const part = span > 0 ? (gone - shares[low]!) / span : 0;
    const group = 2 * this.kindOf[vehicle]! + (this.loaded[leg] ? 0 : 1);
    const at = this.seen.counts[group]!++;
    const points = this.seen.points[group]!;
    points[2 * at] = path[2 * low]! + (path[2 * high]! - path[2 * low]!) * part;
    points[2 * at + 1] = path[2 * low + 1]! + (path[2 * high + 1]! - path[2 * low + 1]!) * part;
  }
}

/** The links of a way one after the other in the direction of travel; a straight line where the map has none. */
function wayOf(scene: Scene, from: string, to: string, links: string, nodes: string[]): Way | null {
  const steps = stepsOf(scene, [{ origin: from, links }]).flat();
  const points = steps.flatMap((step) => [...travelled(step)]);
  if (points.length === 0) {
    for (const id of [from, to]) {
      const node = scene.nodeById.get(id);
      if (node) points.push(node.x, node.y);
    }
  }
  if (points.length < 4) return null;
  const path = Float64Array.from(points);
  return { path, shares: lengthShares(path), end: nodes.indexOf(to) };
}
