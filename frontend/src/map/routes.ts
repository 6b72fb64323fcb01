/** Itineraries as lines: the links of their legs in the direction of travel, with times. */

import type { Row } from "../core/document";
import type { MapLink, Mode, Scene } from "./scene";

/** Vehicles of all flows together. */
const MOST_VEHICLES = 1500;
const HOURS_BETWEEN_VEHICLES = 24;

export interface Route {
  legs: Row[];
  label: string;
  colour: string;
}

export interface Step {
  link: MapLink;
  forward: boolean;
}

/** Points with the share of the whole time at which each is reached. */
export interface Track {
  path: Float64Array;
  time: Float64Array;
  hours: number;
  colour: string;
  /** How many move on it at one time, evenly apart. */
  vehicles: number;
}

export function stepsOf(scene: Scene, legs: Row[]): Step[][] {
  return legs.map((leg) => {
    let at = String(leg["origin"] ?? "");
    const ids = String(leg["links"] ?? "").split(";");
    return ids.flatMap((id) => {
      const link = scene.linkById.get(id);
      if (!link) return [];
      const forward = link.row["from_node"] === at;
      at = String(forward ? link.row["to_node"] : link.row["from_node"]);
      return [{ link, forward }];
    });
  });
}

/** The path of a link in the direction of travel. */
export function travelled({ link, forward }: Step): Float64Array {
  return forward ? link.path : reversed(link.path);
}

/** Nodes passed by the legs of a route, ends included. */
export function nodesOf(scene: Scene, legs: Row[]): string[] {
  const ids = new Set<string>();
  for (const leg of legs) {
    ids.add(String(leg["origin"]));
    ids.add(String(leg["destination"]));
  }
  for (const step of stepsOf(scene, legs).flat()) {
    ids.add(String(step.link.row["from_node"]));
    ids.add(String(step.link.row["to_node"]));
  }
  return [...ids];
}

/** Vehicles on the recommended route, one for each day of its time. */
export function routeTracks(scene: Scene, routes: Route[]): Track[] {
  return routes.slice(0, 1).flatMap((route) => {
    const track = routeTrack(scene, route);
    return track ? [track] : [];
  });
}

/** Vehicles on a link as flow times moving time, so that their density shows the flow. */
export function flowTracks(
  scene: Scene,
  flows: ReadonlyMap<string, number>,
  colours: Record<Mode, string>,
): Track[] {
  const carried = [...flows].flatMap(([id, value]) => {
    const link = scene.linkById.get(id);
    return link && value > 0 ? [{ link, load: value * (link.moveHours || 1) }] : [];
  });
  const whole = carried.reduce((sum, { load }) => sum + load, 0);
  return carried.map(({ link, load }) =>
    linkTrack(link, colours[link.mode], (load / whole) * MOST_VEHICLES),
  );
}

/** A route as one track: it stands still while the cargo waits or is handled. */
function routeTrack(scene: Scene, route: Route): Track | null {
  const points: number[] = [];
  const hours: number[] = [];
  let now = 0;
  stepsOf(scene, route.legs).forEach((steps, index) => {
    const leg = route.legs[index]!;
    const standing = Number(leg["wait_h"] ?? 0) + Number(leg["dwell_h"] ?? 0);
    const paths = steps.map(travelled);
    const lengths = steps.map(({ link }) => Number(link.row["length_km"] ?? 0));
    const whole = lengths.reduce((sum, km) => sum + km, 0);
    if (whole <= 0) return;
    const [firstPath] = paths;
    push(points, hours, firstPath![0]!, firstPath![1]!, now);
    now += standing;
    push(points, hours, firstPath![0]!, firstPath![1]!, now);
    paths.forEach((path, i) => {
      const moving = (Number(leg["move_h"] ?? 0) * lengths[i]!) / whole;
      const times = lengthShares(path);
      for (let p = 2; p < path.length; p += 2) {
        push(points, hours, path[p]!, path[p + 1]!, now + moving * times[p / 2]!);
      }
      now += moving;
    });
  });
  if (points.length < 4 || now <= 0) return null;
  const time = Float64Array.from(hours, (h) => h / now);
  return { path: Float64Array.from(points), time, hours: now, colour: route.colour, vehicles: now / HOURS_BETWEEN_VEHICLES };
}

function linkTrack(link: MapLink, colour: string, vehicles: number): Track {
  const hours = link.moveHours || 24;
  return { path: link.path, time: lengthShares(link.path), hours, colour, vehicles };
}

function push(points: number[], hours: number[], x: number, y: number, hour: number): void {
  points.push(x, y);
  hours.push(hour);
}

function reversed(path: Float64Array): Float64Array {
  const turned = new Float64Array(path.length);
  for (let i = 0; i < path.length; i += 2) {
    turned[i] = path[path.length - 2 - i]!;
    turned[i + 1] = path[path.length - 1 - i]!;
  }
  return turned;
}

/** Share of the whole length at which each point lies. */
export function lengthShares(path: Float64Array): Float64Array {
  const shares = new Float64Array(path.length / 2);
  for (let i = 1; i < shares.length; i += 1) {
    const step = Math.hypot(
      path[2 * i]! - path[2 * i - 2]!,
      path[2 * i + 1]! - path[2 * i - 1]!,
    );
    shares[i] = shares[i - 1]! + step;
  }
  const whole = shares[shares.length - 1]!;
  return whole > 0 ? shares.map((s) => s / whole) : shares;
}
