/** The layer of flows: a band for each direction, on its right-hand side, with arrows. */

import type { MapColours } from "./colours";
import { shifted, type Picture } from "./draw";
import type { Band } from "./bands";
import { onScreen, type View } from "./projection";

const MOST_WIDTH_PX = 12;
const LEAST_WIDTH_PX = 1;
const GAP_PX = 0.6;
const ARROW_FROM_PX = 2.5;
/** A line shorter than this on the screen has no room for an arrow. */
const ARROW_LINE_PX = 46;

/** From this share of the capacity a band takes the step's colour. */
export const STEPS = [0, 0.5, 0.8, 0.999] as const;

/** Return the colour of a utilization: ever darker or lighter too, so that hue does not carry it alone. */
export function bandColour(utilization: number | null, colours: MapColours): string {
  if (utilization === null) return colours.unlimited;
  const step = STEPS.filter((from) => utilization >= from).length - 1;
  return colours.used[Math.max(0, step)]!;
}

export interface Drawn {
  points: [number, number][];
  width: number;
  colour: string;
  /** Three corners, where there is room. */
  arrow: [number, number][] | null;
}

/** Return what is to be drawn of the bands in view; canvas and file draw the same. */
export function drawnBands(p: Picture): Drawn[] {
  const most = Math.max(1, ...p.bands.map((band) => band.teu));
  const inView = p.bands.filter(({ link }) => p.shownModes.has(link.mode) && onScreen(link.box, p.view, p.width, p.height));
  return inView.map((band) => drawn(band, most, p.view, p.colours));
}

function drawn(band: Band, most: number, view: View, colours: MapColours): Drawn {
  const width = LEAST_WIDTH_PX + (MOST_WIDTH_PX - LEAST_WIDTH_PX) * Math.sqrt(band.teu / most);
  const side = (width / 2 + GAP_PX) * (band.forward ? 1 : -1);
  const points = shifted(band.link.path, view, side);
  if (!band.forward) points.reverse();
  const colour = bandColour(band.utilization, colours);
  return { points, width, colour, arrow: width >= ARROW_FROM_PX ? arrowOn(points, width) : null };
}

/** An arrow in the middle of a line. */
function arrowOn(points: [number, number][], width: number): [number, number][] | null {
  const lengths = points.slice(1).map(([x, y], i) => Math.hypot(x - points[i]![0], y - points[i]![1]));
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  if (whole < ARROW_LINE_PX) return null;
  let left = whole / 2;
  const at = lengths.findIndex((length) => (left -= length) <= 0);
  const [[ax, ay], [bx, by]] = [points[at]!, points[at + 1]!];
  const length = lengths[at]! || 1;
  const [ux, uy] = [(bx - ax) / length, (by - ay) / length];
  const share = 1 + left / length;
  const [x, y] = [ax + (bx - ax) * share, ay + (by - ay) * share];
  const size = width * 0.9 + 3;
  return [
    [x + ux * size, y + uy * size],
    [x - ux * size * 0.6 - uy * size * 0.75, y - uy * size * 0.6 + ux * size * 0.75],
    [x - ux * size * 0.6 + uy * size * 0.75, y - uy * size * 0.6 - ux * size * 0.75],
  ];
}

export function drawBands(pen: CanvasRenderingContext2D, p: Picture): void {
  pen.lineCap = "butt";
  pen.lineJoin = "round";
  const bands = drawnBands(p);
  for (const { points, width, colour } of bands) {
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(x, y);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.stroke();
  }
  pen.strokeStyle = p.colours.halo;
  pen.lineWidth = 1;
  for (const { arrow, colour } of bands) {
    if (!arrow) continue;
    pen.beginPath();
    for (const [x, y] of arrow) pen.lineTo(x, y);
    pen.closePath();
    pen.fillStyle = colour;
    pen.fill();
    pen.stroke();
  }
}
