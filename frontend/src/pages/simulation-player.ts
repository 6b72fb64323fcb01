/** One simulated stretch of time on the map: trains, vessels and trucks, with a clock to start, stop and turn. */

import { button, h, select } from "../core/dom";
import { kept } from "../core/kept";
import { afterPaint } from "../core/later";
import { motionWanted } from "../core/motion";
import type { Context } from "../core/pages";
import { colon, listed, sentences } from "../core/phrases";
import { dayMonth, num, t } from "../core/texts";
import { createMap } from "../map";
import type { MapColours } from "../map/colours";
import { drawMovements, type Film } from "../map/film";
import { type Kind, KINDS, Movements } from "../map/movements";
import type { View } from "../map/projection";

const HOURS = 24;
const MAP_PX = 460;
/** Hours of the corridor in a second on the screen. */
const SPEEDS = [2, 6, 12, 24, 72];
const FIRST_SPEED = 12;
/** Where movement is not wanted, the clock goes on in jumps of this many seconds. */
const JUMP_S = 1;
/** Seconds between two writings of date and counts: text is dearer than dots. */
const WRITE_S = 0.15;
const KEY_STEP_H = 1;

/** Draw the map with its controls; the function that is returned ends it. */
export function player(root: HTMLElement, ctx: Context): () => void {
  const body = h("div", {});
  let end: (() => void) | null = null;
  let left = false;
  const start = (): void => {
    if (left) return;
    body.replaceChildren();
    if (ctx.doc.table("movement_ways").length === 0) {
      body.append(h("p", { class: "muted" }, t("The run kept no movements to show on a map.")));
      return;
    }
    end = show(body, ctx);
  };
  const fail = (): void => body.replaceChildren(h("p", { class: "notice", role: "alert" }, t("The movements could not be loaded.")));
  root.append(h("h2", {}, t("In motion")), body);
  const coming = ctx.doc.need(["movements"]);
  if (!coming) start();
  else {
    body.append(h("p", { class: "muted simulated-map-coming" }, t("Loading the movements …")));
    coming.then(() => afterPaint(start), fail);
  }
  return () => {
    left = true;
    end?.();
  };
}

function show(body: HTMLElement, ctx: Context): () => void {
  const place = h("div", {});
  body.append(place, key(ctx));
  const map = createMap(place, ctx, { height: MAP_PX, name: "movements" });
  const movements = new Movements(ctx.doc, map.scene);
  const clock = new Clock(movements, ctx.doc.meta.year, () => map.filmChanged());
  place.before(h("p", {}, aboutText(ctx, movements)), clock.controls);
  const nodes = ctx.doc.table("movement_ways").flatMap((row) => [String(row.from_node), String(row.to_node)]);
  map.focus([...new Set(nodes)].filter((id) => map.scene.nodeById.has(id)));
  map.setFilm(clock);
  return () => {
    clock.stop();
    map.destroy();
  };
}

function aboutText(ctx: Context, movements: Movements): string {
  const every = ctx.doc.table("movement_kinds").filter((row) => Number(row.every) > 1);
  const thinned = every.map((row) => t("Of the {kind} one in {every} is shown.", { kind: kindsWord(String(row.kind)), every: Number(row.every) }));
  return sentences([t("The first {days} days of one of the simulated years, as they were played, from 1 January.", { days: num(Math.ceil(movements.end / HOURS)) }), ...thinned]);
}

function kindsWord(kind: string): string {
  if (kind === "vessel") return t("vessels");
  return kind === "truck" ? t("trucks") : t("trains");
}

/** What the marks mean; shapes say it without colours. */
function key(ctx: Context): HTMLElement {
  const moved = new Set(ctx.doc.table("movement_kinds").map((row) => String(row.kind)));
  const kinds = KINDS.filter((kind) => moved.has(kind));
  const mark = (kind: Kind, look: string): HTMLElement => h("span", { class: `movement-mark ${kind} ${look}`, "aria-hidden": "true" });
  const item = (marks: HTMLElement[], text: string): HTMLElement => h("li", {}, ...marks, " ", text);
  return h(
    "ul",
    { class: "signs movement-key" },
    ...kinds.map((kind) => item([mark(kind, "loaded")], kindsWord(kind))),
    item(kinds.slice(0, 2).map((kind) => mark(kind, "empty")), t("hollow: empty")),
    item([h("span", { class: "movement-badge", "aria-hidden": "true" }, "3")], t("number in a ring: how many stand there")),
  );
}

/** The time of the film, and what a reader turns it with. */
class Clock implements Film {
  running = false;
  readonly controls: HTMLElement;
  private readonly state: { hour: number; speed: number };
  private readonly playButton: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly date = h("output", { class: "movement-date" });
  private readonly counts = h("span", { class: "muted movement-counts" });
  private waited = 0;
  private unwritten = 0;

  constructor(
    private readonly movements: Movements,
    private readonly year: number,
    private readonly changed: () => void,
  ) {
    this.state = kept("simulation clock", () => ({ hour: HOURS, speed: FIRST_SPEED }));
    this.state.hour = Math.min(this.state.hour, movements.end);
    this.playButton = button(t("Play"), () => (this.running ? this.stop() : this.start()), { class: "movement-play" });
    this.slider = h("input", { type: "range", min: 0, max: Math.ceil(movements.end), step: KEY_STEP_H, value: Math.round(this.state.hour), "aria-label": t("Time"), oninput: () => this.turnTo(Number(this.slider.value)) }) as HTMLInputElement;
    const options = SPEEDS.map((speed) => ({ value: String(speed), text: speedText(speed) }));
    const speed = select(t("Speed"), options, String(this.state.speed), (value) => (this.state.speed = Number(value)));
    this.controls = h("div", { class: "movement-controls" }, this.playButton, speed, this.slider, this.date, this.counts);
    this.write();
  }

  start(): void {
    // Who presses it at the end sees it again.
    if (this.state.hour >= this.movements.end) this.state.hour = 0;
    this.running = true;
    this.waited = 0;
    this.named();
  }

  stop(): void {
    this.running = false;
    this.named();
    this.write();
  }

  advance(seconds: number): void {
    this.waited += seconds;
    if (!motionWanted() && this.waited < JUMP_S) return;
    this.state.hour += this.waited * this.state.speed;
    this.unwritten += this.waited;
    this.waited = 0;
    if (this.state.hour >= this.movements.end) {
      this.state.hour = this.movements.end;
      this.stop();
    } else if (this.unwritten >= WRITE_S) this.write();
  }

  draw(pen: CanvasRenderingContext2D, view: View, colours: MapColours): void {
    drawMovements(pen, view, colours, this.movements, this.state.hour);
  }

  private turnTo(hour: number): void {
    this.state.hour = Math.min(hour, this.movements.end);
    this.write();
    this.changed();
  }

  private named(): void {
    this.playButton.textContent = this.running ? t("Pause") : t("Play");
    this.changed();
  }

  private write(): void {
    this.unwritten = 0;
    const text = dateText(this.year, this.state.hour);
    this.slider.value = String(Math.round(this.state.hour));
    this.slider.setAttribute("aria-valuetext", text);
    this.date.textContent = text;
    this.counts.textContent = this.countText();
  }

  private countText(): string {
    const { counts } = this.movements.at(this.state.hour);
    const moving = KINDS.flatMap((kind, k) => {
      const count = counts[2 * k]! + counts[2 * k + 1]!;
      return count > 0 ? [colon(kindsWord(kind), num(count))] : [];
    });
    return moving.length > 0 ? t("moving: {list}", { list: listed(moving) }) : t("nothing moves");
  }
}

function speedText(hours: number): string {
  if (hours < HOURS) return t("{hours} h a second", { hours });
  return hours === HOURS ? t("1 day a second") : t("{days} days a second", { days: hours / HOURS });
}

const HOUR_MS = 3_600_000;

/** "12 Jan, 06:00"; the days shown begin with the year. */
function dateText(year: number, hour: number): string {
  const whole = Math.floor(hour);
  const date = dayMonth(Date.UTC(year, 0, 1) + whole * HOUR_MS);
  return t("{date}, {hour}:00", { date, hour: String(whole % HOURS).padStart(2, "0") });
}
