/** Which part of the world a map shows; the reader's own choice outlives the map itself. */

import { fit, latOf, lonOf, worldX, worldY, zoomed, type View } from "./projection";
import { inlandNodes, nodesBox, type Scene } from "./scene";

const MARGIN_PX = 34;
/** Room for the names of the outermost places. */
const NAME_PX = 84;
export const ZOOM_STEP = 1.5;
const WIDEST = 0.6;
const CLOSEST_SCALE = 900;
const WHOLE_WORLD = { left: -180, right: 180, top: -85, bottom: 85 };

/** The middle of the screen in world units and the scale: what holds for any size of the map. */
interface Kept {
  frame: string;
  x: number;
  y: number;
  scale: number;
}

/** By name of the map: a run, a language or a theme that draws it anew shows the same part. */
const chosen = new Map<string, Kept>();
/** Maps on the page: those of one name move together. */
const open = new Set<Viewport>();

export class Viewport {
  view: View = { scale: 1, x: 0, y: 0 };
  width = 0;
  height = 0;
  /** Nodes to be shown; without any, all that is on land. */
  private framed: string[] = [];

  constructor(
    private readonly scene: Scene,
    private readonly name: string,
    private readonly moved: () => void,
  ) {
    open.add(this);
  }

  close(): void {
    open.delete(this);
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.show();
  }

  /** Show these nodes, or what the reader chose to see when the same nodes were shown before. */
  focus(nodeIds: string[]): void {
    this.framed = nodeIds;
    this.show();
  }

  /** Give up what the reader chose. */
  reset(): void {
    chosen.delete(this.name);
    this.tell();
  }

  /** "latitude,longitude,degrees across": what was chosen, for a screen of any size; null where nothing was. */
  chosenText(): string | null {
    const kept = chosen.get(this.name);
    if (kept?.frame !== this.frame()) return null;
    return [latOf(kept.y), lonOf(kept.x), lonOf(this.width / kept.scale)].map((value) => value.toFixed(2)).join(",");
  }

  /** Show what such a text says; a text that is none changes nothing. */
  open(text: string): void {
    const [lat, lon, across] = text.split(",").map(Number);
    if (!this.width || ![lat, lon, across].every(Number.isFinite) || !(across! > 0)) return;
    const scale = this.width / worldX(across!);
    this.move({ scale, x: this.width / 2 - worldX(lon!) * scale, y: this.height / 2 - worldY(lat!) * scale });
  }

  /** Move as the reader wants. */
  move(view: View): void {
    this.view = this.limited(view);
    const { x, y, scale } = this.view;
    const [middleX, middleY] = [(this.width / 2 - x) / scale, (this.height / 2 - y) / scale];
    chosen.set(this.name, { frame: this.frame(), x: middleX, y: middleY, scale });
    this.tell();
  }

  private tell(): void {
    for (const port of open) {
      if (port.name !== this.name) continue;
      port.show();
      port.moved();
    }
  }

  zoom(factor: number, x = this.width / 2, y = this.height / 2): void {
    this.move(zoomed(this.view, factor, x, y));
  }

  pan(dx: number, dy: number): void {
    this.move({ ...this.view, x: this.view.x + dx, y: this.view.y + dy });
  }

  /** Whether a screen point lies well inside. */
  holds(x: number, y: number): boolean {
    return x > MARGIN_PX && y > MARGIN_PX && x < this.width - MARGIN_PX && y < this.height - MARGIN_PX;
  }

  private frame(): string {
    return this.framed.join(" ");
  }

  private show(): void {
    if (!this.width) return;
    const kept = chosen.get(this.name);
    if (kept?.frame === this.frame()) {
      const { x, y, scale } = kept;
      this.view = this.limited({ scale, x: this.width / 2 - x * scale, y: this.height / 2 - y * scale });
      return;
    }
    const ids = this.framed.length ? this.framed : inlandNodes(this.scene);
    const box = nodesBox(this.scene, ids) ?? nodesBox(this.scene) ?? WHOLE_WORLD;
    this.view = this.limited(fit(box, this.width, this.height, Math.min(NAME_PX, this.width / 8), MARGIN_PX));
  }

  private limited(view: View): View {
    const box = nodesBox(this.scene);
    const least = box ? fit(box, this.width, this.height).scale * WIDEST : 1;
    const factor = Math.min(CLOSEST_SCALE, Math.max(least, view.scale)) / view.scale;
    return factor === 1 ? view : zoomed(view, factor, this.width / 2, this.height / 2);
  }
}
