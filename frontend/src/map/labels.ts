/** Names on the map: the most important first, none over another, off dots and routes where possible. */

import type { Occupied } from "./occupied";

export interface Label {
  text: string;
  x: number;
  y: number;
  /** Distance from the point, in pixels; 0 centres the text on the point. */
  gap: number;
  /** Smaller numbers are placed first. */
  rank: number;
  font: string;
  size: number;
}

export interface Placed {
  label: Label;
  left: number;
  top: number;
  width: number;
  height: number;
  /** Too far from its point to be taken for its name without a line between them. */
  far: boolean;
}

/** The line from a point to a name that stands further away. */
export function leader({ label, left, top, width, height }: Placed): [number, number, number, number] {
  const x = Math.min(left + width, Math.max(left, label.x));
  const y = Math.min(top + height, Math.max(top, label.y));
  return [label.x, label.y, x, y];
}

const PADDING_PX = 2;
const EDGE_PX = 3;
/** One label for this many square pixels, so that a wide view stays readable. */
const AREA_OF_A_LABEL = 7000;
/** More candidates than this are not tried: placing is quadratic in the placed ones. */
const MOST_TRIED = 500;
/** Labels of a smaller rank must appear if at all possible. */
const MUST_BELOW = 10;
/** Cost of what a label that may be left out may cover: a corner of a broad line. */
const TOLERATED_COST = 2;
/** What a place further from its point costs; only labels that must appear go there. */
const DISTANCE_COST = 6;
const FURTHER_PX = [0, 8, 18];

type Measure = (text: string, font: string) => number;

/** A measure of text widths that asks the canvas once for a text. */
export function cachedMeasure(ctx: CanvasRenderingContext2D): Measure {
  const widths = new Map<string, number>();
  return (text, font) => {
    const key = font + text;
    let width = widths.get(key);
    if (width === undefined) {
      ctx.font = font;
      width = ctx.measureText(text).width;
      widths.set(key, width);
    }
    return width;
  };
}

/** The places of the labels that are shown: off dots, routes and each other. */
export function placeLabels(labels: Label[], width: number, height: number, measure: Measure, occupied: Occupied): Placed[] {
  const inside = labels.filter((l) => l.x > 0 && l.x < width && l.y > 0 && l.y < height);
  inside.sort((a, b) => a.rank - b.rank);
  const most = Math.max(8, Math.round((width * height) / AREA_OF_A_LABEL));
  const placed: Placed[] = [];
  for (const label of inside.slice(0, MOST_TRIED)) {
    if (placed.length >= most) break;
    const must = label.rank < MUST_BELOW;
    const free = candidates(label, measure(label.text, label.font), must).filter(({ box }) => fits(box, placed, width, height));
    const best = cheapest(free, occupied);
    if (best && (must || best.cost <= TOLERATED_COST)) placed.push(best.box);
  }
  return placed;
}

interface Candidate {
  box: Placed;
  cost: number;
}

function cheapest(found: Candidate[], occupied: Occupied): Candidate | undefined {
  let best: Candidate | undefined;
  for (const { box, cost: own } of found) {
    const cost = own + occupied.cost(box);
    if (!best || cost < best.cost) best = { box, cost };
    if (cost === 0) break;
  }
  return best;
}

/** Where a label may stand, the usual place first, with what the place itself costs. */
function candidates(label: Label, width: number, must: boolean): Candidate[] {
  const height = label.size * 1.2;
  const at = (left: number, top: number, far = false): Placed => ({ label, left, top, width, height, far });
  if (label.gap === 0) {
    // The name of an area is as true a little beside its middle.
    const shifts = [0, -1, 1, -2, 2].map((lines) => lines * height * 1.3);
    return shifts.map((shift) => ({ box: at(label.x - width / 2, label.y - height / 2 + shift), cost: 0 }));
  }
  return FURTHER_PX.slice(0, must ? FURTHER_PX.length : 1).flatMap((further, ring) =>
    around(label, label.gap + further, width, height).map(([left, top]) => ({ box: at(left, top, ring > 0), cost: ring * DISTANCE_COST })),
  );
}

/** Corners of the boxes around a point: right, left, above, below, then the diagonals. */
function around({ x, y }: Label, gap: number, width: number, height: number): [number, number][] {
  const middle = y - height / 2;
  const [right, left] = [x + gap, x - gap - width];
  const [above, below] = [y - gap - height, y + gap];
  return [
    [right, middle],
    [left, middle],
    [x - width / 2, above],
    [x - width / 2, below],
    [right, above + 2],
    [right, below - 2],
    [left, above + 2],
    [left, below - 2],
  ];
}

function fits(box: Placed, placed: Placed[], width: number, height: number): boolean {
  if (box.left < EDGE_PX || box.top < EDGE_PX) return false;
  if (box.left + box.width > width - EDGE_PX || box.top + box.height > height - EDGE_PX) {
    return false;
  }
  return placed.every(
    (other) =>
      box.left > other.left + other.width + PADDING_PX ||
      other.left > box.left + box.width + PADDING_PX ||
      box.top > other.top + other.height + PADDING_PX ||
      other.top > box.top + box.height + PADDING_PX,
  );
}
