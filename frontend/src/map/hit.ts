/** Which node or link lies under a point of the screen, and which node lies next to another. */

import type { View } from "./projection";
import type { MapLink, MapNode } from "./scene";

export type Hit = { node: MapNode } | { link: MapLink };

/** The nearest node within `reach` pixels, else the nearest link. */
export function hitAt(
  nodes: MapNode[],
  links: MapLink[],
  view: View,
  x: number,
  y: number,
  reach: number,
): Hit | null {
  const wx = (x - view.x) / view.scale;
  const wy = (y - view.y) / view.scale;
  const far = reach / view.scale;
  const node = nearestNode(nodes, wx, wy, far);
  if (node) return { node };
  const link = nearestLink(links, wx, wy, far * 0.8);
  return link ? { link } : null;
}

function nearestNode(nodes: MapNode[], x: number, y: number, far: number): MapNode | null {
  let best: MapNode | null = null;
  let least = far * far;
  for (const node of nodes) {
    const distance = (node.x - x) ** 2 + (node.y - y) ** 2;
    if (distance <= least) {
      least = distance;
      best = node;
    }
  }
  return best;
}

function nearestLink(links: MapLink[], x: number, y: number, far: number): MapLink | null {
  let best: MapLink | null = null;
  let least = far * far;
  for (const link of links) {
    const { box, path } = link;
    if (x < box.left - far || x > box.right + far || y < box.top - far || y > box.bottom + far) {
      continue;
    }
    for (let i = 2; i < path.length; i += 2) {
      const distance = toSegment(x, y, path[i - 2]!, path[i - 1]!, path[i]!, path[i + 1]!);
      if (distance <= least) {
        least = distance;
        best = link;
      }
    }
  }
  return best;
}

/** Squared distance from a point to a segment. */
function toSegment(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const along = length ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return (ax + along * dx - x) ** 2 + (ay + along * dy - y) ** 2;
}

/** The nearest node in a direction (unit steps of x and y), for the arrow keys. */
export function neighbour(nodes: MapNode[], from: MapNode, dx: number, dy: number): MapNode | null {
  let best: MapNode | null = null;
  let least = Infinity;
  for (const node of nodes) {
    const along = (node.x - from.x) * dx + (node.y - from.y) * dy;
    const aside = Math.abs((node.x - from.x) * dy) + Math.abs((node.y - from.y) * dx);
    // A node counts as lying that way within 60 degrees or so; straight ahead is preferred.
    if (along <= 0 || aside > along * 1.7) continue;
    const cost = along + aside * 2;
    if (cost < least) {
      least = cost;
      best = node;
    }
  }
  return best;
}
