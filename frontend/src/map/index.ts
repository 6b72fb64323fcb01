/**
 * The corridor on a map, drawn on two canvases: a still picture, redrawn when the view or the
 * content changes, and a layer above it with moving vehicles and what is pointed at.
 */

import "./map.css";

import { download, h } from "../core/dom";
import type { Context } from "../core/pages";
import { countryName, field, fromData, t } from "../core/texts";
import { onThemeChange, theme } from "../core/theme";
import { FactsCard, sameHit } from "./card";
import { mapColours, type MapColours } from "./colours";
import { drawCredit, drawMark, drawPicture, type Picture } from "./draw";
import { spokenFacts } from "./facts";
import { hitAt, neighbour, type Hit } from "./hit";
import { cachedMeasure } from "./labels";
import { legend } from "./legend";
import { listenToGestures } from "./gestures";
import { fit, worldX, worldY, zoomed, type View } from "./projection";
import { flowTracks, routeTracks, type Route } from "./routes";
import { buildScene, inlandNodes, MODES, nodesBox, type MapNode, type Mode, type Scene } from "./scene";
import { mapSvg } from "./svg";
import { HOURS_PER_SECOND, Vehicles } from "./vehicles";

export type { Route } from "./routes";

export interface Flow {
  link: string;
  value: number;
}

export interface KarvanMap {
  setRoutes(routes: Route[]): void;
  setFlows(flows: Flow[]): void;
  animate(on: boolean): void;
  focus(nodeIds: string[]): void;
  destroy(): void;
}

const HEIGHT_PX = 560;
const PHONE_WIDTH_PX = 600;
const PHONE_HEIGHT_PX = 380;
const MARGIN_PX = 34;
const ZOOM_STEP = 1.5;
const PAN_PX = 80;
const REACH_PX = 9;
const TOUCH_REACH_PX = 20;
const WIDEST = 0.6;
const CLOSEST_SCALE = 900;
/** A frame's budget for redrawing all while the view moves; a slower picture is moved first, redrawn after. */
const BUDGET_MS = 7;
const SETTLE_MS = 90;
const MOST_RATIO = 2;

export function createMap(
  parent: HTMLElement,
  ctx: Context,
  o: { height?: number } = {},
): KarvanMap {
  return new MapView(parent, ctx, o.height);
}

class MapView implements KarvanMap {
  private readonly ctx: Context;
  private readonly scene: Scene;
  private readonly root: HTMLElement;
  private readonly stage: HTMLElement;
  private readonly base = h("canvas", { "aria-hidden": "true" }) as HTMLCanvasElement;
  private readonly top: HTMLCanvasElement;
  private readonly card: FactsCard;
  private readonly notice = h("div", { class: "map-notice", "aria-hidden": "true" });
  private readonly spoken = h("div", { class: "hidden", "aria-live": "polite" });
  private readonly basePen: CanvasRenderingContext2D;
  private readonly topPen: CanvasRenderingContext2D;
  private readonly measure: Picture["measure"];
  private readonly shownModes = new Set<Mode>(MODES);
  private readonly cleanups: (() => void)[] = [];

  private view: View = { scale: 1, x: 0, y: 0 };
  /** The view in which the still picture was drawn. */
  private drawnView: View = this.view;
  private drawMs = 0;
  private width = 0;
  private height = 0;
  private ratio = 1;
  private colours: MapColours = mapColours(false);
  private routes: Route[] = [];
  private flows = new Map<string, number>();
  private vehicles: Vehicles | null = null;
  private moving = false;
  private hour = 0;
  private frame = 0;
  private settle = 0;
  private lastTick = 0;
  private framed: string[] | null = null;

  constructor(parent: HTMLElement, ctx: Context, height: number | undefined) {
    this.ctx = ctx;
    this.scene = buildScene(ctx.doc);
    this.card = new FactsCard(ctx, () => this.unpin());
    this.top = h("canvas", {
      class: "map-top",
      tabindex: 0,
      role: "application",
      "aria-label": t("Map of the corridor. Arrow keys go from place to place, plus and minus zoom, Enter shows facts."),
    }) as HTMLCanvasElement;
    this.stage = h("div", { class: "map-stage" }, this.base, this.top, this.zoomButtons(), this.card.element, this.notice);
    this.root = h("div", { class: "map" }, this.stage, this.tools(), this.foot(), this.spoken);
    parent.append(this.root);
    this.basePen = this.base.getContext("2d", { alpha: false })!;
    this.topPen = this.top.getContext("2d")!;
    this.measure = cachedMeasure(this.topPen);
    this.setHeight(height);
    this.applyTheme();
    this.listen(height);
    this.resize();
  }

  setRoutes(routes: Route[]): void {
    this.routes = routes;
    this.rebuildVehicles();
    this.redraw();
  }

  setFlows(flows: Flow[]): void {
    this.flows = new Map(flows.map(({ link, value }) => [link, value]));
    this.rebuildVehicles();
    this.redraw();
  }

  animate(on: boolean): void {
    this.moving = on;
    this.rebuildVehicles();
    this.requestFrame();
  }

  focus(nodeIds: string[]): void {
    this.framed = nodeIds.length ? nodeIds : null;
    this.reset();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    window.clearTimeout(this.settle);
    for (const cleanup of this.cleanups) cleanup();
    this.root.remove();
  }

  // Parts of the page

  private zoomButtons(): HTMLElement {
    const button = (text: string, label: string, act: () => void): HTMLElement =>
      h("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
    return h(
      "div",
      { class: "map-zoom" },
      button("+", t("Zoom in"), () => this.zoomBy(ZOOM_STEP)),
      button("−", t("Zoom out"), () => this.zoomBy(1 / ZOOM_STEP)),
      button("⟲", t("Reset the view"), () => this.reset()),
    );
  }

  private tools(): HTMLElement {
    return legend(this.shownModes, () => this.redraw(), {
      png: () => this.savePng(),
      svg: () => this.saveSvg(),
    });
  }

  private foot(): HTMLElement {
    return h("p", { class: "map-foot" }, this.credit());
  }

  /** Where the borders come from and what they do not mean; saved pictures carry it too. */
  private credit(): string {
    const { attribution, disclaimer } = this.ctx.doc.raw.boundaries;
    const lines = new Set(this.ctx.doc.table("geometry").map((row) => String(row.attribution ?? "")));
    return [...lines, attribution, fromData(disclaimer)].filter(Boolean).join(" · ");
  }

  // Size, theme, view

  private setHeight(wanted: number | undefined): void {
    const narrow = this.stage.clientWidth < PHONE_WIDTH_PX;
    const px = wanted ?? (narrow ? PHONE_HEIGHT_PX : HEIGHT_PX);
    this.stage.style.height = `${px}px`;
  }

  private resize(): void {
    const first = this.width === 0;
    const { clientWidth: width, clientHeight: height } = this.stage;
    const ratio = Math.min(window.devicePixelRatio || 1, MOST_RATIO);
    if (!width || !height) return;
    if (width === this.width && height === this.height && ratio === this.ratio) return;
    this.width = width;
    this.height = height;
    this.ratio = ratio;
    for (const canvas of [this.base, this.top]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    if (first || this.untouched) this.reset();
    else this.redraw();
  }

  /** As long as nobody moved the map, a new size shows the same places. */
  private untouched = true;

  private applyTheme(): void {
    const dark = theme() === "dark";
    this.root.classList.toggle("dark", dark);
    this.colours = mapColours(dark);
    for (const mode of MODES) this.root.style.setProperty(`--mode-${mode}`, this.colours.modes[mode]);
  }

  private reset(): void {
    const ids = this.framed ?? inlandNodes(this.scene);
    const box = nodesBox(this.scene, ids) ?? nodesBox(this.scene) ?? { left: -180, right: 180, top: -85, bottom: 85 };
    const margin = Math.min(MARGIN_PX, this.width / 8);
    this.view = fit(box, this.width, this.height, margin);
    this.view = this.limited(this.view);
    this.untouched = true;
    this.redraw();
  }

  private limited(view: View): View {
    const box = nodesBox(this.scene);
    const least = box ? fit(box, this.width, this.height, 0).scale * WIDEST : 1;
    const factor = Math.min(CLOSEST_SCALE, Math.max(least, view.scale)) / view.scale;
    return factor === 1 ? view : zoomed(view, factor, this.width / 2, this.height / 2);
  }

  private zoomBy(factor: number, x = this.width / 2, y = this.height / 2): void {
    this.moveTo(zoomed(this.view, factor, x, y));
  }

  private moveTo(view: View): void {
    this.view = this.limited(view);
    this.untouched = false;
    if (this.drawMs <= BUDGET_MS) this.redraw();
    else this.moveFirst();
  }

  /** Shift the drawn picture at once, draw it sharp when the view rests. */
  private moveFirst(): void {
    const factor = this.view.scale / this.drawnView.scale;
    const x = this.view.x - this.drawnView.x * factor;
    const y = this.view.y - this.drawnView.y * factor;
    this.base.style.transform = `translate(${x}px, ${y}px) scale(${factor})`;
    window.clearTimeout(this.settle);
    this.settle = window.setTimeout(() => this.redraw(), SETTLE_MS);
    this.requestFrame();
  }

  // Drawing

  private picture(): Picture {
    return {
      scene: this.scene,
      view: this.view,
      width: this.width,
      height: this.height,
      colours: this.colours,
      shownModes: this.shownModes,
      routes: this.routes,
      flows: this.flows,
      nodeName: (node) => field(node.row, "name") || node.id,
      countryName,
      measure: this.measure,
    };
  }

  private stale = false;

  private redraw(): void {
    this.stale = true;
    this.requestFrame();
  }

  private requestFrame(): void {
    if (!this.frame && this.width) this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  private tick(now: number): void {
    this.frame = 0;
    if (this.stale) this.drawBase();
    const running = this.moving && this.vehicles !== null && this.onScreen;
    if (running) {
      // A tab that slept does not jump: at most a tenth of a second passes in a frame.
      const seconds = Math.min(0.1, Math.max(0, (now - this.lastTick) / 1000));
      this.hour += seconds * HOURS_PER_SECOND;
    }
    this.lastTick = now;
    this.drawTop();
    if (running) this.requestFrame();
  }

  private onScreen = true;

  private drawBase(): void {
    const start = performance.now();
    drawPicture(this.basePen, this.picture(), this.ratio);
    this.base.style.transform = "";
    this.drawnView = this.view;
    this.stale = false;
    this.drawMs = performance.now() - start;
  }

  private drawTop(): void {
    const pen = this.topPen;
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    if (this.moving) this.vehicles?.draw(pen, this.view, this.hour, this.colours.halo);
    if (this.card.hit) drawMark(pen, this.card.hit, this.view, this.colours.text);
  }

  private rebuildVehicles(): void {
    const tracks = this.moving
      ? [...flowTracks(this.scene, this.flows, this.colours.modes), ...routeTracks(this.scene, this.routes)]
      : [];
    this.vehicles = tracks.length ? new Vehicles(tracks) : null;
  }

  // Pointing

  private listen(height: number | undefined): void {
    const observer = new ResizeObserver(() => {
      this.setHeight(height);
      this.resize();
    });
    observer.observe(this.stage);
    const sight = new IntersectionObserver((entries) => {
      this.onScreen = entries.some((entry) => entry.isIntersecting);
      if (this.onScreen) this.requestFrame();
    });
    sight.observe(this.stage);
    const recolour = (): void => {
      this.applyTheme();
      this.rebuildVehicles();
      // Printing takes the picture as it is now, so it cannot wait for a frame.
      if (this.width) this.drawBase();
      this.drawTop();
    };
    this.cleanups.push(
      () => observer.disconnect(),
      () => sight.disconnect(),
      onThemeChange(recolour),
      listenToGestures(this.top, {
        view: () => this.view,
        move: (view) => this.moveTo(view),
        zoom: (factor, x, y) => this.zoomBy(factor, x, y),
        point: (x, y, touch) => this.point(x, y, touch),
        press: (x, y, touch) => this.press(x, y, touch),
        leave: () => !this.card.pinned && this.show(null, false),
        refuse: () => this.tell(t("Click the map first, or hold Ctrl, to zoom with the wheel")),
      }),
    );
    this.top.addEventListener("keydown", (event) => this.key(event));
  }

  private hitAt(x: number, y: number, touch: boolean): Hit | null {
    const links = this.scene.links.filter((link) => this.shownModes.has(link.mode));
    return hitAt(this.scene.nodes, links, this.view, x, y, touch ? TOUCH_REACH_PX : REACH_PX);
  }

  private point(x: number, y: number, touch: boolean): void {
    if (this.card.pinned) return;
    const hit = this.hitAt(x, y, touch);
    this.top.classList.toggle("over", hit !== null);
    if (!sameHit(hit, this.card.hit)) this.show(hit, false);
  }

  private press(x: number, y: number, touch: boolean): void {
    const hit = this.hitAt(x, y, touch);
    this.show(hit, hit !== null);
  }

  private show(hit: Hit | null, pinned: boolean): void {
    const flow = hit && "link" in hit ? this.flows.get(hit.link.id) : undefined;
    this.card.show(hit, flow, pinned);
    this.requestFrame();
  }

  private unpin(): void {
    this.show(null, false);
    this.top.focus();
  }

  private key(event: KeyboardEvent): void {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const step = steps[event.key];
    if (step && event.shiftKey) this.pan(-step[0] * PAN_PX, -step[1] * PAN_PX);
    else if (step) this.walk(step[0], step[1]);
    else if (event.key === "+" || event.key === "=") this.zoomBy(ZOOM_STEP);
    else if (event.key === "-") this.zoomBy(1 / ZOOM_STEP);
    else if (event.key === "0") this.reset();
    else if (event.key === "Enter" && this.card.hit) this.openCard();
    else if (event.key === "Escape" && this.card.hit) this.show(null, false);
    else return;
    event.preventDefault();
  }

  private openCard(): void {
    this.show(this.card.hit, true);
    this.card.element.querySelector("button")?.focus();
  }

  private pan(dx: number, dy: number): void {
    this.moveTo({ ...this.view, x: this.view.x + dx, y: this.view.y + dy });
  }

  /** Go to the next place in a direction; the first press takes the one nearest to the middle. */
  private walk(dx: number, dy: number): void {
    const { scene, view } = this;
    const current = this.card.hit && "node" in this.card.hit ? this.card.hit.node : null;
    const node = current ? neighbour(scene.nodes, current, dx, dy) : this.middleNode();
    if (!node) return;
    this.show({ node }, false);
    this.spoken.textContent = spokenFacts(this.ctx, { node });
    const x = node.x * view.scale + view.x;
    const y = node.y * view.scale + view.y;
    const inside = x > MARGIN_PX && y > MARGIN_PX && x < this.width - MARGIN_PX && y < this.height - MARGIN_PX;
    if (!inside) this.pan(this.width / 2 - x, this.height / 2 - y);
  }

  private middleNode(): MapNode | null {
    const hit = hitAt(this.scene.nodes, [], this.view, this.width / 2, this.height / 2, this.width);
    return hit && "node" in hit ? hit.node : null;
  }

  private tell(text: string): void {
    this.notice.textContent = text;
    this.notice.classList.add("shown");
    window.setTimeout(() => this.notice.classList.remove("shown"), 1600);
  }

  // Files

  private savePng(): void {
    const whole = document.createElement("canvas");
    whole.width = this.base.width;
    whole.height = this.base.height;
    const pen = whole.getContext("2d", { alpha: false })!;
    const picture = this.picture();
    drawPicture(pen, picture, this.ratio);
    drawCredit(pen, picture, this.credit());
    whole.toBlob((blob) => blob && download("map.png", blob), "image/png");
  }

  private saveSvg(): void {
    const { view } = this;
    const project = (lon: number, lat: number): [number, number] => [
      worldX(lon) * view.scale + view.x,
      worldY(lat) * view.scale + view.y,
    ];
    const { countries } = this.ctx.doc.raw.boundaries;
    const text = mapSvg(this.picture(), countries, project, this.credit());
    download("map.svg", new Blob([text], { type: "image/svg+xml" }));
  }
}
