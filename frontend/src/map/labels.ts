/** Names on the map: the most important first, none over another. */

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
}

const PADDING_PX = 2;
const EDGE_PX = 3;
/** One label for this many square pixels, so that a wide view stays readable. */
const AREA_OF_A_LABEL = 7000;
/** More candidates than this are not tried: placing is quadratic in the placed ones. */
const MOST_TRIED = 500;
/** Labels of a smaller rank must appear if at all possible. */
const MUST_BELOW = 10;

/** A dot that names should not cover. */
export interface Dot {
  x: number;
  y: number;
  radius: number;
}

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

export function placeLabels(
  labels: Label[],
  width: number,
  height: number,
  measure: Measure,
  dots: Dot[],
): Placed[] {
  const inside = labels.filter((l) => l.x > 0 && l.x < width && l.y > 0 && l.y < height);
  inside.sort((a, b) => a.rank - b.rank);
  const most = Math.max(8, Math.round((width * height) / AREA_OF_A_LABEL));
  const placed: Placed[] = [];
  for (const label of inside.slice(0, MOST_TRIED)) {
    if (placed.length >= most) break;
    const textWidth = measure(label.text, label.font);
    const free = candidates(label, textWidth).filter((box) => fits(box, placed, width, height));
    // The ends and stops of a route are named even where a dot has to be covered.
    const clear = free.find((box) => !dots.some((dot) => covers(box, dot)));
    const best = clear ?? (label.rank < MUST_BELOW ? free[0] : undefined);
    if (best) placed.push(best);
  }
  return placed;
}

function candidates(label: Label, width: number): Placed[] {
  const height = label.size * 1.2;
  const middle = label.y - height / 2;
  const at = (left: number, top: number): Placed => ({ label, left, top, width, height });
  if (label.gap === 0) return [at(label.x - width / 2, middle)];
  const right = label.x + label.gap;
  const left = label.x - label.gap - width;
  const above = label.y - label.gap - height;
  const below = label.y + label.gap;
  return [
    at(right, middle),
    at(left, middle),
    at(label.x - width / 2, above),
    at(label.x - width / 2, below),
    at(right, above + 2),
    at(right, below - 2),
    at(left, above + 2),
    at(left, below - 2),
  ];
}

function covers(box: Placed, dot: Dot): boolean {
  return (
    dot.x + dot.radius > box.left &&
    dot.x - dot.radius < box.left + box.width &&
    dot.y + dot.radius > box.top &&
    dot.y - dot.radius < box.top + box.height
  );
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
