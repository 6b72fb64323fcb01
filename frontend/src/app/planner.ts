// The route planner: a question, its itineraries in the reader's own weights, the map, the legs.
import { createMap, type KarvanMap } from "../map";
import { palette } from "../core/chart";
import { Doc, type Row } from "../core/document";
import { add, clear, h } from "../core/dom";
import { motionWanted } from "../core/motion";
import { legColumns, legRows, shortPlace } from "../core/routes";
import { dataTable } from "../core/table";
import { days, num, t } from "../core/texts";
import { colours, onThemeChange } from "../core/theme";
import { word } from "../core/words";
import { BASE, getRoute, type RouteAnswer, type RouteItinerary } from "./api";
import { fileLink, shareButton } from "./downloads";
import { faultBox, isAbort } from "./faults";
import { questionTitle, said } from "./labels";
import { field, planForm, ROUTE_KEYS, type PlanForm } from "./planform";
import { plainQuestion, type AppState } from "./state";
import { contextOf, MAP_VIEW, type Shell, type View } from "./view";

const KG_PER_TONNE = 1000;
const MAP_PX = 440;
const COLOURS_SHOWN = 5;

export function planner(root: HTMLElement, shell: Shell): View {
  return new Planner(root, shell);
}

class Planner implements View {
  private readonly form: PlanForm;
  private readonly scenario = h("select", { onchange: () => this.chooseScenario() }) as HTMLSelectElement;
  private readonly weights: HTMLElement;
  private readonly timeValue = weightBox();
  private readonly carbonPrice = weightBox();
  private readonly status = h("div", { role: "status", "aria-live": "polite" });
  private readonly list = h("ol", { class: "app-routes" });
  private readonly mapPlace = h("div", { class: "app-map" });
  private readonly legs = h("div", {});
  private readonly files = h("p", { class: "app-links" });
  private readonly results: HTMLElement;

  private state: AppState;
  private doc: Doc | null = null;
  private map: KarvanMap | null = null;
  private answer: RouteAnswer | null = null;
  private asked = "";
  private filled = "";
  private asking: AbortController | null = null;
  private readonly forgetTheme = onThemeChange(() => this.draw());

  constructor(
    root: HTMLElement,
    private readonly shell: Shell,
  ) {
    this.state = shell.state();
    this.form = planForm(shell.info, (params) => this.setParams({ ...params, pick: "", vot: "", co2: "" }));
    for (const { id, title } of shell.info.scenarios) add(this.scenario, h("option", { value: id }, said(title)));
    for (const box of [this.timeValue, this.carbonPrice]) box.addEventListener("change", () => this.setWeights());
    this.weights = h(
      "div",
      { class: "app-plan-row" },
      field(t("Value of time, USD per TEU and hour"), this.timeValue),
      field(t("Price of CO2e, USD per tonne"), this.carbonPrice),
    );
    this.results = h(
      "section",
      { class: "app-plan-results", hidden: true, "aria-label": t("Itineraries") },
      this.weights,
      h("div", { class: "app-plan-answer" }, this.list, this.mapPlace),
      this.legs,
      this.files,
    );
    add(
      root,
      h("div", { class: "app-title-line" }, h("h1", { class: "app-title" }, t("Route planner")), shareButton()),
      field(t("Scenario"), this.scenario),
      this.form.element,
      this.status,
      this.results,
    );
  }

  show(state: AppState): void {
    this.state = state;
    this.scenario.value = state.question.scenario;
    this.fillForm();
    void this.loadDocument();
    const query = this.query();
    if (!query) return;
    if (query.toString() === this.asked) this.draw();
    else void this.search(query);
  }

  destroy(): void {
    this.asking?.abort();
    this.forgetTheme();
    this.map?.destroy();
  }

  // Asking

  private setParams(values: Record<string, string>): void {
    const params = new URLSearchParams(this.state.params);
    for (const [key, value] of Object.entries(values)) {
      if (value) params.set(key, value);
      else params.delete(key);
    }
    this.shell.go({ ...this.state, params });
  }

  private chooseScenario(): void {
    this.shell.go({ ...this.state, question: plainQuestion(this.shell.info, this.scenario.value) });
  }

  private setWeights(): void {
    this.setParams({ vot: this.timeValue.value, co2: this.carbonPrice.value, pick: "" });
  }

  /** What the API is asked; null as long as origin or destination are missing. */
  private query(): URLSearchParams | null {
    const { params, question } = this.state;
    if (!params.get("from") || !params.get("to")) return null;
    const query = new URLSearchParams();
    for (const [key, name] of Object.entries(ROUTE_KEYS)) {
      const value = params.get(key);
      if (value) query.set(name, value);
    }
    if (question.scenario) query.set("scenario", question.scenario);
    query.set("year", String(question.year));
    if (question.on.length) query.set("measures", question.on.join(","));
    if (question.off.length) query.set("without", question.off.join(","));
    return query;
  }

  private async search(query: URLSearchParams): Promise<void> {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.status.replaceChildren(h("p", {}, t("Searching …")));
    try {
      this.answer = await getRoute(query, asking.signal);
      this.asked = query.toString();
      this.status.replaceChildren(h("p", {}, this.foundText(this.answer)));
      this.draw();
    } catch (fault) {
      if (isAbort(fault)) return;
      this.results.hidden = true;
      this.answer = null;
      this.asked = "";
      this.status.replaceChildren(faultBox(fault, () => void this.search(query)));
    }
  }

  private foundText(answer: RouteAnswer): string {
    const scenario = questionTitle(this.shell.info, this.state.question);
    return t("Itineraries that no other beats: {count}. Searched in: {scenario}", { count: answer.itineraries.length, scenario });
  }

  /** Names, sources and the map come from the document of the scenario's run. */
  private async loadDocument(): Promise<void> {
    const { question } = this.state;
    try {
      const loaded = await this.shell.runs.quietly(question);
      if (this.doc === loaded.doc || this.state.question !== question) return;
      this.doc = loaded.doc;
      this.map?.destroy();
      this.map = null;
      this.fillForm();
      this.draw();
    } catch (fault) {
      if (!isAbort(fault) && !this.doc) this.status.replaceChildren(faultBox(fault, () => void this.loadDocument()));
    }
  }

  // Showing

  /** Fill the form when the address asks something else; what is being typed is left alone. */
  private fillForm(): void {
    const asked = Object.keys(ROUTE_KEYS).map((key) => this.state.params.get(key) ?? "");
    const filled = [this.doc !== null, ...asked].join("|");
    if (filled !== this.filled) this.form.show(this.state.params, (id) => this.placeName(id));
    this.filled = filled;
  }

  private placeName(id: string): string {
    return this.doc?.place(id) ?? id;
  }

  private shortName(id: string): string {
    return this.doc ? shortPlace(this.doc, id) : id;
  }

  private draw(): void {
    const { answer, doc } = this;
    if (!answer || !doc) return;
    this.results.hidden = false;
    const { params } = this.state;
    this.timeValue.value = params.get("vot") ?? String(answer.value_of_time_usd_per_teu_h);
    this.carbonPrice.value = params.get("co2") ?? "0";
    const ranked = [...answer.itineraries].sort((a, b) => this.total(a) - this.total(b));
    const picked = Math.min(Math.max(0, Number(params.get("pick") ?? 1) - 1), ranked.length - 1);
    this.drawList(ranked, picked);
    this.drawMap(doc, ranked, picked);
    this.drawLegs(doc, ranked[picked]);
    this.drawFiles();
  }

  /** Money, time and emissions in one figure, by the reader's weights. */
  private total(found: RouteItinerary): number {
    const carbon = (Number(this.carbonPrice.value) * found.co2e_kg_per_teu) / KG_PER_TONNE;
    return found.cost_usd_per_teu + Number(this.timeValue.value) * found.mean_h + carbon;
  }

  private drawList(ranked: RouteItinerary[], picked: number): void {
    const had = this.list.contains(document.activeElement);
    clear(this.list);
    const drawn = drawnOf(ranked.length, picked);
    ranked.forEach((found, i) => {
      const pick = (): void => this.setParams({ pick: String(i + 1) });
      add(
        this.list,
        h(
          "li",
          {},
          h(
            "button",
            { type: "button", "aria-pressed": String(i === picked), onclick: pick },
            h("strong", {}, `${i + 1}. ${t("{days} days", { days: days(found.mean_h) })}`, drawn.includes(i) ? routeKey(i, picked) : null),
            h("span", {}, t("eight in ten take {low} to {high} days", { low: days(found.p10_h), high: days(found.p90_h) })),
            h("span", {}, this.money(found)),
            h("span", {}, this.way(found)),
          ),
        ),
      );
    });
    if (had) this.list.querySelectorAll("button")[picked]?.focus({ preventScroll: true });
  }

  private money(found: RouteItinerary): string {
    return t("{cost} USD, {kg} kg CO2e per TEU, {km} km, changes: {transfers}; weighed: {total} USD", {
      cost: num(found.cost_usd_per_teu),
      kg: num(found.co2e_kg_per_teu),
      km: num(found.km),
      transfers: num(found.transfers),
      total: num(this.total(found)),
    });
  }

  private way(found: RouteItinerary): string {
    const first = found.legs[0];
    if (!first) return "";
    return found.legs.reduce(
      (text, leg) => `${text} –${word(leg.mode)}→ ${this.shortName(leg.to)}`,
      this.shortName(first.from),
    );
  }

  private drawMap(doc: Doc, ranked: RouteItinerary[], picked: number): void {
    const fresh = this.map === null;
    this.map ??= createMap(this.mapPlace, contextOf(this.shell, doc), {
      height: MAP_PX,
      name: "plan",
      onView: (view) => this.shell.keep(MAP_VIEW, view),
    });
    const drawn = drawnOf(ranked.length, picked);
    this.map.setRoutes(
      drawn.map((i) => ({ legs: legsFound(ranked[i]!), label: String(i + 1), colour: routeColour(i, picked) })),
    );
    this.map.animate(motionWanted());
    if (fresh) this.map.focus([...new Set(drawn.flatMap((i) => ranked[i]!.legs.flatMap((leg) => leg.nodes)))]);
    const part = this.state.params.get(MAP_VIEW);
    if (fresh && part) this.map.open(part);
  }

  private drawLegs(doc: Doc, found: RouteItinerary | undefined): void {
    clear(this.legs);
    if (!found) return;
    dataTable(this.legs, contextOf(this.shell, doc), legRows(doc, legsFound(found)), legColumns(), {
      caption: t("Legs of the chosen itinerary"),
      file: "legs",
      filter: false,
    });
  }

  private drawFiles(): void {
    const url = (form: string): string => `${BASE}/route?${this.asked}&format=${form}`;
    this.files.replaceChildren(
      t("Download the itineraries:"),
      fileLink("GeoJSON", url("geojson"), "route.geojson"),
      fileLink("CSV", url("csv"), "route.csv"),
      fileLink("JSON", url("json"), "route.json"),
    );
  }
}

/** Indexes of the itineraries on the map: the picked one first, which is drawn broad, then the best others. */
function drawnOf(count: number, picked: number): number[] {
  const others = Array.from({ length: Math.min(count, COLOURS_SHOWN) }, (_, i) => i).filter((i) => i !== picked);
  return count ? [picked, ...others] : [];
}

function routeColour(index: number, picked: number): string {
  return index === picked ? colours().text : palette[index % palette.length]!;
}

/** The line of an itinerary as the map draws it. */
function routeKey(index: number, picked: number): HTMLElement {
  const line = h("span", { class: "app-route-key", "aria-hidden": "true" });
  line.style.borderTop = `${index === picked ? 6 : 3}px solid ${routeColour(index, picked)}`;
  return line;
}

function weightBox(): HTMLInputElement {
  return h("input", { type: "number", min: 0, max: 100000, step: "any" }) as HTMLInputElement;
}

/** Legs as rows of the table `legs`, which map and table read. */
function legsFound(found: RouteItinerary): Row[] {
  return found.legs.map((leg, i) => ({
    leg: i + 1,
    origin: leg.from,
    destination: leg.to,
    mode: leg.mode,
    service: leg.service,
    transfer: leg.transfer,
    km: leg.km,
    wait_h: leg.wait_h,
    move_h: leg.move_h,
    dwell_h: leg.dwell_h,
    cost_usd_per_teu: leg.cost_usd_per_teu,
    co2e_kg_per_teu: leg.co2e_kg_per_teu,
    links: leg.links.join(";"),
    source_ids: leg.source_ids.join(";"),
    chosen: leg.assumed_or_calibrated.join(";"),
  }));
}
