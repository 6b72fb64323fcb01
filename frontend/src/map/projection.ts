/** Equirectangular projection with a true-scale parallel, and the view that maps it to the screen. */

/** Parallel along which east-west distances are true: the corridor runs near 40° N. */
const TRUE_PARALLEL_DEG = 40;
const EAST_WEST = Math.cos((TRUE_PARALLEL_DEG * Math.PI) / 180);

export const worldX = (lon: number): number => lon * EAST_WEST;
export const worldY = (lat: number): number => -lat;
export const lonOf = (x: number): number => x / EAST_WEST;
export const latOf = (y: number): number => -y;

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Screen = world × scale + shift, in CSS pixels. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

export function emptyBox(): Box {
  return { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
}

export function extend(box: Box, x: number, y: number): void {
  if (x < box.left) box.left = x;
  if (x > box.right) box.right = x;
  if (y < box.top) box.top = y;
  if (y > box.bottom) box.bottom = y;
}

export function boxOfPath(path: Float64Array): Box {
  const box = emptyBox();
  for (let i = 0; i < path.length; i += 2) extend(box, path[i]!, path[i + 1]!);
  return box;
}

/** The view in which a box fills the screen with margins beside it and above and below it. */
export function fit(box: Box, width: number, height: number, beside = 0, above = 0): View {
  const across = Math.max(box.right - box.left, 1e-6);
  const down = Math.max(box.bottom - box.top, 1e-6);
  const scale = Math.min((width - 2 * beside) / across, (height - 2 * above) / down);
  return {
    scale,
    x: width / 2 - ((box.left + box.right) / 2) * scale,
    y: height / 2 - ((box.top + box.bottom) / 2) * scale,
  };
}

/** The view after zooming by a factor around a screen point. */
export function zoomed(view: View, factor: number, x: number, y: number): View {
  return {
    scale: view.scale * factor,
    x: x - (x - view.x) * factor,
    y: y - (y - view.y) * factor,
  };
}

/** Whether a world box touches the screen. */
export function onScreen(box: Box, view: View, width: number, height: number): boolean {
  return (
    box.right * view.scale + view.x >= 0 &&
    box.left * view.scale + view.x <= width &&
    box.bottom * view.scale + view.y >= 0 &&
    box.top * view.scale + view.y <= height
  );
}
