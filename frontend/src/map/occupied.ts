/** What names on the map should keep off, on a coarse grid of the screen: dots, routes, broad lines. */

import type { Placed } from "./labels";

const CELL_PX = 4;
const DOT = 1;
const ROUTE = 2;
const BROAD = 4;
/** What a covered cell costs: a name over a dot is read as that dot's, one over a route hides it. */
const COST: Record<number, number> = { [DOT]: 4, [ROUTE]: 3, [BROAD]: 1 };

export type LineKind = "route" | "broad";

export class Occupied {
  private readonly columns: number;
  private readonly rows: number;
  private readonly cells: Uint8Array;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.columns = Math.ceil(width / CELL_PX);
    this.rows = Math.ceil(height / CELL_PX);
    this.cells = new Uint8Array(this.columns * this.rows);
  }

  dot(x: number, y: number, radius: number): void {
    this.mark(x - radius, y - radius, x + radius, y + radius, DOT);
  }

  /** A line of a width in pixels through screen points. */
  line(points: [number, number][], width: number, kind: LineKind): void {
    const flag = kind === "route" ? ROUTE : BROAD;
    for (let i = 1; i < points.length; i += 1) {
      const inside = clipped(points[i - 1]!, points[i]!, this.width, this.height);
      if (inside) this.segment(inside, width / 2, flag);
    }
  }

  private segment([ax, ay, bx, by]: Segment, half: number, flag: number): void {
    const steps = Math.max(1, Math.ceil(Math.hypot(bx - ax, by - ay) / CELL_PX));
    for (let s = 0; s <= steps; s += 1) {
      const x = ax + ((bx - ax) * s) / steps;
      const y = ay + ((by - ay) * s) / steps;
      this.mark(x - half, y - half, x + half, y + half, flag);
    }
  }

  private mark(left: number, top: number, right: number, bottom: number, flag: number): void {
    this.visit(left, top, right, bottom, (i) => (this.cells[i]! |= flag));
  }

  /** What it costs to put a name there; 0 where it covers nothing. */
  cost({ left, top, width, height }: Placed): number {
    let sum = 0;
    this.visit(left, top, left + width, top + height, (i) => {
      const found = this.cells[i]!;
      for (const flag of [DOT, ROUTE, BROAD]) if (found & flag) sum += COST[flag]!;
    });
    return sum;
  }

  private visit(left: number, top: number, right: number, bottom: number, act: (cell: number) => void): void {
    const first = Math.max(0, Math.floor(left / CELL_PX));
    const last = Math.min(this.columns - 1, Math.floor(right / CELL_PX));
    const end = Math.min(this.rows - 1, Math.floor(bottom / CELL_PX));
    for (let row = Math.max(0, Math.floor(top / CELL_PX)); row <= end; row += 1) {
      for (let column = first; column <= last; column += 1) act(row * this.columns + column);
    }
  }
}

type Segment = [ax: number, ay: number, bx: number, by: number];

/** The part of a segment that lies on the screen (Liang and Barsky); null where none does. */
function clipped([ax, ay]: [number, number], [bx, by]: [number, number], width: number, height: number): Segment | null {
  const [dx, dy] = [bx - ax, by - ay];
  let [from, to] = [0, 1];
  for (const [step, room] of [[-dx, ax], [dx, width - ax], [-dy, ay], [dy, height - ay]] as const) {
    if (step === 0 && room < 0) return null;
    if (step < 0) from = Math.max(from, room / step);
    if (step > 0) to = Math.min(to, room / step);
  }
  return from > to ? null : [ax + from * dx, ay + from * dy, ax + to * dx, ay + to * dy];
}
