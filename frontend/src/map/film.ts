/** What moves on the map by a clock of its own, and how it looks. */

import type { MapColours } from "./colours";
import { type Kind, KINDS, type Movements } from "./movements";
import type { View } from "./projection";

/** Something that is drawn above the map, frame by frame while it runs. */
export interface Film {
  readonly running: boolean;
  /** Let some seconds pass. */
  advance(seconds: number): void;
  draw(pen: CanvasRenderingContext2D, view: View, colours: MapColours): void;
}

export function kindColour(kind: Kind, colours: MapColours): string {
  const modes = { train: "rail", vessel: "sea", truck: "road" } as const;
  return colours.modes[modes[kind]];
}

/** Half of the size of a mark. */
const HALF_PX: Record<Kind, number> = { train: 4, vessel: 5.5, truck: 3.2 };
/** Where the number of those that stand is, from the dot of the place. */
const BADGES: Record<Kind, [number, number]> = { train: [11, -9], vessel: [-11, -9], truck: [0, 13] };
const BADGE_PX = 7.5;

/** Draw all that moves at an hour: one shape a kind, filled where loaded, and the numbers that stand. */
export function drawMovements(pen: CanvasRenderingContext2D, view: View, colours: MapColours, movements: Movements, hour: number): void {
  const seen = movements.at(hour);
  pen.lineWidth = 1.8;
  KINDS.forEach((kind, k) => {
    const colour = kindColour(kind, colours);
    for (const empty of [0, 1]) {
      const count = seen.counts[2 * k + empty]!;
      if (count === 0) continue;
      pen.beginPath();
      outline(pen, kind, seen.points[2 * k + empty]!, count, view);
      pen.fillStyle = empty ? colours.halo : colour;
      pen.strokeStyle = empty ? colour : colours.halo;
      pen.fill();
      pen.stroke();
    }
    drawStanding(pen, view, colours, movements, seen.standing, kind, k);
  });
}

function outline(pen: CanvasRenderingContext2D, kind: Kind, points: Float64Array, count: number, view: View): void {
  const half = HALF_PX[kind];
  for (let i = 0; i < count; i += 1) {
    const x = points[2 * i]! * view.scale + view.x;
    const y = points[2 * i + 1]! * view.scale + view.y;
    if (kind === "train") pen.rect(x - half, y - half, 2 * half, 2 * half);
    else if (kind === "vessel") diamond(pen, x, y, half);
    else {
      pen.moveTo(x + half, y);
      pen.arc(x, y, half, 0, 2 * Math.PI);
    }
  }
}

function diamond(pen: CanvasRenderingContext2D, x: number, y: number, half: number): void {
  pen.moveTo(x, y - half);
  pen.lineTo(x + half, y);
  pen.lineTo(x, y + half);
  pen.lineTo(x - half, y);
  pen.closePath();
}

/** Numbers beside the places, of those that wait there. */
function drawStanding(pen: CanvasRenderingContext2D, view: View, colours: MapColours, movements: Movements, standing: Int32Array, kind: Kind, k: number): void {
  const { nodes, places } = movements;
  const [dx, dy] = BADGES[kind];
  pen.font = "600 10px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let n = 0; n < nodes.length; n += 1) {
    const count = standing[k * nodes.length + n]!;
    if (count === 0) continue;
    const x = places[2 * n]! * view.scale + view.x + dx;
    const y = places[2 * n + 1]! * view.scale + view.y + dy;
    pen.beginPath();
    pen.arc(x, y, BADGE_PX, 0, 2 * Math.PI);
    pen.fillStyle = colours.halo;
    pen.strokeStyle = kindColour(kind, colours);
    pen.fill();
    pen.stroke();
    pen.fillStyle = colours.text;
    pen.fillText(String(count), x, y + 0.5);
  }
}
