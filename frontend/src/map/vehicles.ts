/** Vehicles that move along tracks: positions in typed arrays, a few pixels each. */

import type { View } from "./projection";
import type { Track } from "./routes";

/** An hour of the corridor lasts this part of a second on the screen. */
export const HOURS_PER_SECOND = 6;
/** Rings cost more than squares; many vehicles are squares. */
const MOST_ROUND = 400;
const ROUND_RADIUS_PX = 5;
const SQUARE_PX = 3;

export class Vehicles {
  readonly count: number;
  private readonly tracks: Track[];
  /** First vehicle of each track, and the end. */
  private readonly first: Int32Array;
  private readonly phase: Float64Array;
  /** The segment a vehicle was on in the last frame: it moves on from there. */
  private readonly segment: Int32Array;

  constructor(tracks: Track[]) {
    this.tracks = tracks;
    this.first = new Int32Array(tracks.length + 1);
    tracks.forEach((track, i) => {
      this.first[i + 1] = this.first[i]! + Math.max(1, Math.round(track.vehicles));
    });
    this.count = this.first[tracks.length]!;
    this.phase = new Float64Array(this.count);
    this.segment = new Int32Array(this.count).fill(1);
    tracks.forEach((_, i) => {
      const many = this.first[i + 1]! - this.first[i]!;
      for (let v = 0; v < many; v += 1) this.phase[this.first[i]! + v] = v / many;
    });
  }

  /** Draw all vehicles at an hour of the animation; a few are rings, filled with `inside`. */
  draw(ctx: CanvasRenderingContext2D, view: View, hour: number, inside: string): void {
    const round = this.count <= MOST_ROUND;
    this.tracks.forEach((track, i) => {
      ctx.fillStyle = round ? inside : track.colour;
      if (round) this.drawRound(ctx, track, i, view, hour);
      else this.drawSquares(ctx, track, i, view, hour);
    });
  }

  private drawRound(
    ctx: CanvasRenderingContext2D,
    track: Track,
    index: number,
    view: View,
    hour: number,
  ): void {
    ctx.strokeStyle = track.colour;
    ctx.lineWidth = 2.5;
    ctx.beginPath();
    for (let v = this.first[index]!; v < this.first[index + 1]!; v += 1) {
      this.locate(track, v, hour);
      const x = this.x * view.scale + view.x;
      const y = this.y * view.scale + view.y;
      ctx.moveTo(x + ROUND_RADIUS_PX, y);
      ctx.arc(x, y, ROUND_RADIUS_PX, 0, 2 * Math.PI);
    }
    ctx.fill();
    ctx.stroke();
  }

  private drawSquares(
    ctx: CanvasRenderingContext2D,
    track: Track,
    index: number,
    view: View,
    hour: number,
  ): void {
    const half = SQUARE_PX / 2;
    const ratio = ctx.getTransform().a;
    const width = ctx.canvas.width / ratio;
    const height = ctx.canvas.height / ratio;
    for (let v = this.first[index]!; v < this.first[index + 1]!; v += 1) {
      this.locate(track, v, hour);
      const x = this.x * view.scale + view.x;
      const y = this.y * view.scale + view.y;
      if (x < 0 || y < 0 || x > width || y > height) continue;
      ctx.fillRect(x - half, y - half, SQUARE_PX, SQUARE_PX);
    }
  }

  private x = 0;
  private y = 0;

  /** Put the position of a vehicle into x and y; no object is made for each vehicle and frame. */
  private locate(track: Track, vehicle: number, hour: number): void {
    const { path, time } = track;
    const turns = this.phase[vehicle]! + hour / track.hours;
    const now = turns - Math.floor(turns);
    let s = this.segment[vehicle]!;
    if (now < time[s - 1]!) s = 1;
    while (s < time.length - 1 && time[s]! < now) s += 1;
    this.segment[vehicle] = s;
    const span = time[s]! - time[s - 1]!;
    const part = span > 0 ? (now - time[s - 1]!) / span : 0;
    const i = 2 * s;
    this.x = path[i - 2]! + (path[i]! - path[i - 2]!) * part;
    this.y = path[i - 1]! + (path[i + 1]! - path[i - 1]!) * part;
  }
}
