/**
 * The corridor on a map, drawn on two canvases: a still picture, redrawn when the view or the
 * content changes, and a layer above it with moving vehicles and what is pointed at.
 */

import "./map.css";

import { h } from "../core/dom";
import type { Context } from "../core/pages";
import { assignmentOf } from "../core/flows";
import { shortPlace } from "../core/routes";
import { countryName, fromData, t } from "../core/texts";
import { onThemeChange, theme } from "../core/theme";
import { kept } from "../core/kept";
import { bandsOf, type Band } from "./bands";
import { FactsCard, sameHit } from "./card";
import { mapColours, type MapColours } from "./colours";
import { drawMark, drawPicture, type Picture } from "./draw";
import { spokenFacts } from "./facts";
import { flowSwitch } from "./flow-key";
import { savePng, saveSvg } from "./files";
import type { Film } from "./film";
import { hitAt, neighbour, type Hit } from "./hit";
import { cachedMeasure } from "./labels";
import { legend, zoomButtons } from "./legend";
import { listenToGestures } from "./gestures";
import type { View } from "./projection";
import { flowTracks, routeTracks, type Route } from "./routes";
import { buildScene, MODES, type MapNode, type Mode, type Scene } from "./scene";
import { HOURS_PER_SECOND, Vehicles } from "./vehicles";
import { Viewport, ZOOM_STEP } from "./viewport";

export type { Film } from "./film";
export type { Route } from "./routes";

export interface Flow {
  link: string;
  value: number;
}

export interface KarvanMap {
  readonly scene: Scene;
  setRoutes(routes: Route[]): void;
  setFlows(flows: Flow[]): void;
  animate(on: boolean): void;
  /** Draw something that moves by a clock of its own; null ends it. */
  setFilm(film: Film | null): void;
  /** The film has changed: started, stopped, or gone to another hour. */
  filmChanged(): void;
  focus(nodeIds: string[]): void;
  /** Show the part of the world that a text of `onView` names. */
  open(view: string): void;
  /** The text that names what the reader chose to see; null where the view is the map's own. */
  view(): string | null;
  destroy(): void;
}

const HEIGHT_PX = 560;
const PHONE_WIDTH_PX = 600;
const PHONE_HEIGHT_PX = 380;
const PAN_PX = 80;
const REACH_PX = 9;
const TOUCH_REACH_PX = 20;
/** A frame's budget for redrawing all while the view moves; a slower picture is moved first, redrawn after. */
const BUDGET_MS = 7;
const SETTLE_MS = 90;
/** Browsers refuse an address that changes with every frame. */
const REST_MS = 300;
const MOST_RATIO = 2;

export interface MapOptions {
  /** In pixels, where there is room beside it. */
  height?: number;
  /** Maps of one name show the part of the world that the reader chose on the one before. */
  name?: string;
  /** Called when the view rests: a text that names it, null where it is the map's own. */
  onView?: (view: string | null) => void;
}

export function createMap(parent: HTMLElement, ctx: Context, o: MapOptions = {}): KarvanMap {
  return new MapView(parent, ctx, o);
}

/** Modes that the reader left switched on, by name of the map. */
const switchedOn = new Map<string, Set<Mode>>();

class MapView implements KarvanMap {
  private readonly ctx: Context;
  readonly scene: Scene;
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
  private readonly shownModes: Set<Mode>;
  /** Made when somebody looks at what goes over the links. */
  private madeBands: Band[] | null = null;
  private readonly layers: { flows: boolean };
  private readonly cleanups: (() => void)[] = [];

  private readonly port: Viewport;
  /** The view in which the still picture was drawn. */
  private drawnView: View = { scale: 1, x: 0, y: 0 };
  private drawMs = 0;
  private ratio = 1;
  private colours: MapColours = mapColours(false);
  private routes: Route[] = [];
  private flows = new Map<string, number>();
  private vehicles: Vehicles | null = null;
  private moving = false;
  private film: Film | null = null;
  private hour = 0;
  private frame = 0;
  private settle = 0;
  private rest = 0;
  private lastTick = 0;

  constructor(
    parent: HTMLElement,
    ctx: Context,
    private readonly o: MapOptions,
  ) {
    const { height, name = "map" } = o;
    this.ctx = ctx;
    this.scene = buildScene(ctx.doc);
    this.shownModes = switchedOn.get(name) ?? new Set(MODES);
    switchedOn.set(name, this.shownModes);
    this.layers = kept(`map layers ${name}`, () => ({ flows: false }));
    this.port = new Viewport(this.scene, name, () => this.moved());
    this.card = new FactsCard(ctx, () => this.unpin());
    this.top = h("canvas", {
      class: "map-top",
      tabindex: 0,
      role: "application",
      "aria-label": t("Map of the corridor. Arrow keys go from place to place, plus and minus zoom, Enter shows facts."),
    }) as HTMLCanvasElement;
    this.stage = h("div", { class: "map-stage" }, this.base, this.top, zoomButtons(this.port), this.card.element, this.notice);
    this.root = h("div", { class: "map" }, this.stage, ...this.tools(), this.foot(), this.spoken);
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
    this.root.classList.toggle("with-routes", routes.length > 0);
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

  setFilm(film: Film | null): void {
    this.film = film;
    this.redraw();
  }

  filmChanged(): void {
    this.requestFrame();
  }

  focus(nodeIds: string[]): void {
    this.port.focus(nodeIds);
    this.redraw();
  }

  open(view: string): void {
    this.port.open(view);
  }

  view(): string | null {
    return this.port.chosenText();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    window.clearTimeout(this.settle);
    window.clearTimeout(this.rest);
    for (const cleanup of this.cleanups) cleanup();
    this.port.close();
    this.root.remove();
  }

  // Parts of the page

  private tools(): HTMLElement[] {
    const tools = legend(this.shownModes, () => this.redraw(), {
      png: () => savePng(this.picture(), this.credit(), this.ratio),
      svg: () => saveSvg(this.picture(), this.ctx.doc.raw.boundaries.countries, this.credit()),
    });
    if (!assignmentOf(this.ctx.doc)) return [tools];
    const { button, key } = flowSwitch(this.layers.flows, (on) => {
      this.layers.flows = on;
      this.redraw();
    });
    tools.prepend(button);
    return [tools, key];
  }

  private get bands(): Band[] {
    this.madeBands ??= bandsOf(this.ctx.doc, this.scene);
    return this.madeBands;
  }

  private foot(): HTMLElement {
    return h("p", { class: "map-foot" }, this.credit());
  }

  /** Where the borders come from and what they do not mean; saved pictures carry it too. */
  private credit(): string {
    const { attribution, disclaimer } = this.ctx.doc.raw.boundaries;
    const lines = new Set(this.ctx.doc.table("geometry").map((row) => String(row.attribution ?? "")));
    return [...lines, attribution, disclaimer].filter(Boolean).map((text) => fromData(text)).join(" · ");
  }

  // Size, theme, view

  private setHeight(wanted: number | undefined): void {
    const narrow = this.stage.clientWidth < PHONE_WIDTH_PX;
    this.stage.style.height = `${narrow ? PHONE_HEIGHT_PX : (wanted ?? HEIGHT_PX)}px`;
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const ratio = Math.min(window.devicePixelRatio || 1, MOST_RATIO);
    if (!width || !height) return;
    if (width === this.port.width && height === this.port.height && ratio === this.ratio) return;
    this.ratio = ratio;
    for (const canvas of [this.base, this.top]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.port.resize(width, height);
    this.redraw();
  }

  private applyTheme(): void {
    const dark = theme() === "dark";
    this.root.classList.toggle("dark", dark);
    this.colours = mapColours(dark);
    for (const mode of MODES) this.root.style.setProperty(`--mode-${mode}`, this.colours.modes[mode]);
    this.colours.used.forEach((colour, step) => this.root.style.setProperty(`--used-${step}`, colour));
    this.root.style.setProperty("--unlimited", this.colours.unlimited);
  }

  private moved(): void {
    window.clearTimeout(this.rest);
    this.rest = window.setTimeout(() => this.o.onView?.(this.port.chosenText()), REST_MS);
    if (this.drawMs <= BUDGET_MS) this.redraw();
    else this.moveFirst();
  }

  /** Shift the drawn picture at once, draw it sharp when the view rests. */
  private moveFirst(): void {
    const { view } = this.port;
    const factor = view.scale / this.drawnView.scale;
    const x = view.x - this.drawnView.x * factor;
    const y = view.y - this.drawnView.y * factor;
    this.base.style.transform = `translate(${x}px, ${y}px) scale(${factor})`;
    window.clearTimeout(this.settle);
    this.settle = window.setTimeout(() => this.redraw(), SETTLE_MS);
    this.requestFrame();
  }

  // Drawing

  private picture(): Picture {
    return {
      scene: this.scene,
      view: this.port.view,
      width: this.port.width,
      height: this.port.height,
      colours: this.colours,
      shownModes: this.shownModes,
      routes: this.routes,
      // Bands say more of a link than the width of its line.
      flows: this.layers.flows ? new Map() : this.flows,
      bands: this.layers.flows ? this.bands : [],
      filmed: this.film !== null,
      nodeName: (node) => shortPlace(this.ctx.doc, node.id),
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
    if (!this.frame && this.port.width) this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  private tick(now: number): void {
    this.frame = 0;
    if (this.stale) this.drawBase();
    const film = this.film?.running ? this.film : null;
    const running = ((this.moving && this.vehicles !== null) || film !== null) && this.onScreen;
    if (running) {
      // A tab that slept does not jump: at most a tenth of a second passes in a frame.
      const seconds = Math.min(0.1, Math.max(0, (now - this.lastTick) / 1000));
      this.hour += seconds * HOURS_PER_SECOND;
      film?.advance(seconds);
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
    this.drawnView = this.port.view;
    this.stale = false;
    this.drawMs = performance.now() - start;
  }

  private drawTop(): void {
    const pen = this.topPen;
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const { view, width, height } = this.port;
    pen.clearRect(0, 0, width, height);
    if (this.moving) this.vehicles?.draw(pen, view, this.hour, this.colours.halo);
    this.film?.draw(pen, view, this.colours);
    if (this.card.hit) drawMark(pen, this.card.hit, view, this.colours.text);
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
      if (this.port.width) this.drawBase();
      this.drawTop();
    };
    this.cleanups.push(
      () => observer.disconnect(),
      () => sight.disconnect(),
      onThemeChange(recolour),
      listenToGestures(this.top, {
        view: () => this.port.view,
        move: (view) => this.port.move(view),
        zoom: (factor, x, y) => this.port.zoom(factor, x, y),
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
    return hitAt(this.scene.nodes, links, this.port.view, x, y, touch ? TOUCH_REACH_PX : REACH_PX);
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
    const link = hit && "link" in hit ? hit.link : null;
    const loads = link ? this.bands.filter((band) => band.link === link) : [];
    this.card.show(hit, { uses: link ? this.flows.get(link.id) : undefined, loads }, pinned);
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
    if (step && event.shiftKey) this.port.pan(-step[0] * PAN_PX, -step[1] * PAN_PX);
    else if (step) this.walk(step[0], step[1]);
    else if (event.key === "+" || event.key === "=") this.port.zoom(ZOOM_STEP);
    else if (event.key === "-") this.port.zoom(1 / ZOOM_STEP);
    else if (event.key === "0") this.port.reset();
    else if (event.key === "Enter" && this.card.hit) this.openCard();
    else if (event.key === "Escape" && this.card.hit) this.show(null, false);
    else return;
    event.preventDefault();
  }

  private openCard(): void {
    this.show(this.card.hit, true);
    this.card.element.querySelector("button")?.focus();
  }

  /** Go to the next place in a direction; the first press takes the one nearest to the middle. */
  private walk(dx: number, dy: number): void {
    const { scene, port } = this;
    const current = this.card.hit && "node" in this.card.hit ? this.card.hit.node : null;
    const node = current ? neighbour(scene.nodes, current, dx, dy) : this.middleNode();
    if (!node) return;
    this.show({ node }, false);
    this.spoken.textContent = spokenFacts(this.ctx, { node });
    const x = node.x * port.view.scale + port.view.x;
    const y = node.y * port.view.scale + port.view.y;
    if (!port.holds(x, y)) port.pan(port.width / 2 - x, port.height / 2 - y);
  }

  private middleNode(): MapNode | null {
    const { view, width, height } = this.port;
    const hit = hitAt(this.scene.nodes, [], view, width / 2, height / 2, width);
    return hit && "node" in hit ? hit.node : null;
  }

  private tell(text: string): void {
    this.notice.textContent = text;
    this.notice.classList.add("shown");
    window.setTimeout(() => this.notice.classList.remove("shown"), 1600);
  }
}
