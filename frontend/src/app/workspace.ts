// The corridor: measures on the left; map, figures, charts and the report's pages on the right.
import { add, clear, h } from "../core/dom";
import { afterPaint } from "../core/later";
import type { Context } from "../core/pages";
import { t } from "../core/texts";
import { cancelRun, type RunInfo } from "./api";
import { corridorMap, type CorridorMap } from "./corridormap";
import { downloads, shareButton } from "./downloads";
import { faultBox, isAbort } from "./faults";
import { pairFigures, pairNames } from "./figures";
import { flowCards } from "./flow-figures";
import { headline, type Reference } from "./headline";
import { questionTitle } from "./labels";
import { outlook } from "./outlook";
import { pagePlace } from "./pageplace";
import { panel, type Panel } from "./panel";
import { progress } from "./progress";
import type { Loaded } from "./runs";
import {
  baseScenario,
  isChanged,
  plainQuestion,
  questionText,
  type AppState,
  type Question,
} from "./state";
import { MAP_VIEW, type Shell, type View } from "./view";

/** Several switches in a row are one question. */
const SETTLE_MS = 350;
const LASTING: ReadonlySet<string> = new Set(["lang", "pair", MAP_VIEW]);
const WIDE = window.matchMedia("(min-width: 900px)");

export function workspace(root: HTMLElement, shell: Shell): View {
  return new Workspace(root, shell);
}

/** A run that is waited for. */
interface Running {
  controller: AbortController;
  question: Question;
  key: string;
  id: string;
}

class Workspace implements View {
  private readonly panel: Panel;
  private readonly progress = progress(() => this.cancel());
  private readonly downloads = downloads();
  private readonly pages = pagePlace();
  private readonly title = h("h1", { class: "app-title" });
  private readonly fault = h("div", { class: "app-fault-place" });
  private readonly figures = h("section", { class: "app-figures", "aria-label": t("Headline figures") });
  private readonly mapPlace = h("section", { class: "app-map-place", "aria-label": t("Map") });
  private readonly charts = h("section", { "aria-label": t("Charts of all pairs") });
  private readonly main = h("div", { class: "app-main" });
  private readonly flows = h("div", { class: "app-flows" });
  private readonly map: CorridorMap;

  /** Counts the drawings of places, so that only the latest of those put off is done. */
  private readonly waiting = new Map<HTMLElement, number>();

  private state: AppState;
  private shown: Loaded | null = null;
  private reference: Loaded | null = null;
  private referenceComing = false;
  /** What each part shows at present. */
  private readonly drawn = new Map<string, string>();
  private running: Running | null = null;
  private timer = 0;

  constructor(
    root: HTMLElement,
    private readonly shell: Shell,
  ) {
    this.state = shell.state();
    this.map = corridorMap(this.mapPlace, shell, "corridor");
    this.panel = panel(shell.info, (question) => this.ask(question), () => (this.shown ? this.context(this.shown) : null));
    const controls = h("div", { class: "app-title-line" }, this.title, shareButton(), this.downloads.element);
    add(this.main, controls, this.progress.element, this.fault, this.figures, this.mapPlace, this.flows, this.charts, this.pages.element);
    const side = h(
      "details",
      { class: "app-panel", open: WIDE.matches },
      h("summary", {}, t("Scenario and measures")),
      this.panel.element,
    );
    root.append(h("div", { class: "app-workspace" }, side, this.main));
  }

  show(state: AppState): void {
    this.state = state;
    this.panel.show(state.question);
    this.title.textContent = this.questionTitle(state.question);
    const ready = this.shell.runs.peek(state.question);
    if (ready) {
      this.stop();
      this.apply(ready);
    } else {
      this.wait();
    }
  }

  destroy(): void {
    this.stop();
    this.waiting.clear();
    this.map.destroy();
  }

  // Asking

  private ask(question: Question): void {
    this.shell.go({ ...this.state, question });
  }

  /** Ask the server once the reader has stopped switching. */
  private wait(): void {
    const key = questionText(this.shell.info, this.state.question);
    if (this.running?.key === key) return;
    const first = this.shown === null && this.running === null;
    this.stop();
    this.main.classList.add("is-waiting");
    this.timer = window.setTimeout(() => void this.load(key), first ? 0 : SETTLE_MS);
  }

  private async load(key: string): Promise<void> {
    const { question } = this.state;
    const running: Running = { controller: new AbortController(), question, key, id: "" };
    this.running = running;
    this.fault.replaceChildren();
    const tell = (run: RunInfo): void => {
      running.id = run.id;
      if (run.state !== "done" && this.running === running) this.progress.show(run);
    };
    try {
      const loaded = await this.shell.runs.load(question, { signal: running.controller.signal, tell });
      if (this.running !== running) return;
      this.running = null;
      this.apply(loaded);
    } catch (fault) {
      if (this.running !== running || isAbort(fault)) return;
      this.running = null;
      this.progress.hide();
      this.fault.replaceChildren(faultBox(fault, () => this.show(this.state)));
    }
  }

  /** Give up what is under way; a run that only this reader's changes need is not computed further. */
  private stop(): void {
    window.clearTimeout(this.timer);
    const running = this.running;
    this.running = null;
    this.progress.hide();
    if (!running) return;
    running.controller.abort();
    if (running.id && isChanged(this.shell.info, running.question)) cancelRun(running.id).catch(() => undefined);
  }

  private cancel(): void {
    const running = this.running;
    this.running = null;
    this.progress.hide();
    running?.controller.abort();
    if (running?.id) cancelRun(running.id).catch(() => undefined);
    if (this.shown) this.ask(this.shown.question);
    else this.fault.replaceChildren(faultBox(new Error(t("The run was cancelled.")), () => this.show(this.state)));
  }

  // Showing

  private apply(loaded: Loaded): void {
    this.progress.hide();
    this.fault.replaceChildren();
    this.main.classList.remove("is-waiting");
    this.shown = loaded;
    const asked = this.referenceQuestion(loaded.question);
    this.reference = asked ? (this.shell.runs.peek(asked) ?? null) : null;
    this.referenceComing = asked !== null && this.reference === null;
    this.draw(loaded);
    if (asked && !this.reference) this.loadReference(loaded, asked);
    else this.shell.settled();
    // What no first picture shows, before anybody asks for it; a fault is met again by who does.
    afterPaint(() => loaded.doc.need()?.catch(() => undefined));
  }

  private loadReference(loaded: Loaded, asked: Question): void {
    this.shell.runs.quietly(asked).then(
      (reference) => {
        if (this.shown !== loaded) return;
        this.reference = reference;
        this.referenceComing = false;
        this.draw(loaded);
        this.shell.settled();
      },
      // Without a reference the figures stand alone; the run that was asked for is shown anyway.
      () => this.shell.settled(),
    );
  }

  private draw(loaded: Loaded): void {
    const ctx = this.context(loaded);
    const pair = this.pair(loaded);
    const reference = this.referenceShown();
    headline(this.figures, loaded.doc, reference ?? (this.referenceComing ? "coming" : null), pair, (id) => this.choosePair(id), () => this.follow(ctx, pair));
    clear(this.flows);
    add(this.flows, flowCards(loaded.doc, reference));
    this.map.show(ctx, pair);
    this.once("charts", [loaded.key, this.reference?.key], () => {
      this.inView(this.charts, () => outlook(this.charts, loaded.doc, reference));
    });
    this.once("files", [loaded.id], () => this.downloads.show(loaded.id, loaded.doc));
    const { page, params } = this.state;
    const href = (id: string): string => this.shell.href({ ...this.state, page: id, params: this.lasting() });
    this.once("page", [loaded.key, page, params.toString()], () => {
      this.inView(this.pages.element, () => this.pages.show(page, ctx, href));
    });
  }

  /** Draw at once what the reader sees; what lies off the screen right after the next picture. */
  private inView(place: HTMLElement, draw: () => void): void {
    const { top, bottom } = place.getBoundingClientRect();
    const order = (this.waiting.get(place) ?? 0) + 1;
    this.waiting.set(place, order);
    if (top < window.innerHeight && bottom > 0) draw();
    else afterPaint(() => this.waiting.get(place) === order && draw());
  }

  /** Draw a part only if what it shows has changed. */
  private once(part: string, shows: (string | undefined)[], draw: () => void): void {
    const key = shows.join(" ");
    if (this.drawn.get(part) === key) return;
    this.drawn.set(part, key);
    draw();
  }

  private context(loaded: Loaded): Context {
    return {
      doc: loaded.doc,
      params: this.state.params,
      mode: "app",
      go: (page, params = {}) => {
        const next = this.lasting();
        for (const [key, value] of Object.entries(params)) next.set(key, value);
        this.shell.go({ ...this.state, page, params: next });
      },
    };
  }

  /** Parameters that hold on all pages; the others are of the page that is left. */
  private lasting(): URLSearchParams {
    const { params } = this.state;
    return new URLSearchParams([...params].filter(([key]) => LASTING.has(key)));
  }

  private pair(loaded: Loaded): string {
    const asked = this.state.params.get("pair");
    const known = pairNames(loaded.doc).find(({ id }) => id === asked);
    return known?.id ?? pairFigures(loaded.doc)[0]?.id ?? "";
  }

  private choosePair(pair: string): void {
    const params = new URLSearchParams(this.state.params);
    params.set("pair", pair);
    this.shell.go({ ...this.state, params });
  }

  /** From a figure to the itinerary it comes from, with legs and sources. */
  private follow(ctx: Context, pair: string): void {
    ctx.go("itineraries", { pair });
    this.pages.element.scrollIntoView({ block: "start" });
  }

  /** What the figures are set against: the scenario as it is, or for that the base scenario. */
  private referenceQuestion(question: Question): Question | null {
    const { info } = this.shell;
    if (isChanged(info, question)) return plainQuestion(info, question.scenario);
    const base = baseScenario(info);
    return question.scenario === base ? null : plainQuestion(info, base);
  }

  private referenceShown(): Reference | null {
    if (!this.reference) return null;
    return { doc: this.reference.doc, title: this.questionTitle(this.reference.question) };
  }

  private questionTitle(question: Question): string {
    return questionTitle(this.shell.info, question);
  }
}
