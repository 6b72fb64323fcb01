// The left panel: scenario, year, and a switch for every measure, grouped by the five pillars.
import { add, button, h } from "../core/dom";
import { freeText } from "../core/freetext";
import type { Context } from "../core/pages";
import { costOfMeasure } from "../core/flows";
import { sourceButtons } from "../core/sources";
import { num, t } from "../core/texts";
import { word } from "../core/words";
import type { CaseInfo, CaseMeasure } from "./api";
import { pillarTitle } from "../pages/words";
import { pendingReason, said } from "./labels";
import {
  isChanged,
  measuresTaken,
  plainQuestion,
  scenarioOf,
  toggled,
  yearRange,
  type Question,
} from "./state";

export interface Panel {
  element: HTMLElement;
  /** Show a question; nothing is built anew, so that focus and scroll stay. */
  show(question: Question): void;
}

interface Switch {
  measure: CaseMeasure;
  row: HTMLElement;
  box: HTMLInputElement;
  effect: HTMLElement;
}

export function panel(info: CaseInfo, ask: (question: Question) => void, context: () => Context | null): Panel {
  let now = plainQuestion(info, info.scenarios[0]?.id ?? "");
  const scenario = scenarioSelect(info, (id) => ask(plainQuestion(info, id)));
  const summary = h("p", { class: "app-scenario-summary" });
  const year = yearInput(info, (value) => ask({ ...now, year: value }));
  const reset = button(t("Undo my changes"), () => ask(plainQuestion(info, now.scenario)));
  const note = h("p", { class: "app-changes", "aria-live": "polite" });
  const switches: Switch[] = [];
  const groups = info.pillars.map((pillar) => {
    const own = info.measures.filter((measure) => measure.pillar === pillar).sort(byYear);
    const made = own.map((measure) =>
      measureSwitch(measure, (taken) => ask(toggled(info, now, measure.id, taken)), context),
    );
    switches.push(...made);
    return pillarGroup(pillar, made);
  });
  const element = h("section", { class: "app-panel-body", "aria-label": t("Scenario and measures") });
  add(
    element,
    h("div", { class: "app-question" }, scenario.label, year.label),
    summary,
    h("div", { class: "app-reset" }, note, reset),
    measureFilter(switches),
    ...groups.map((group) => group.element),
  );
  return {
    element,
    show(question) {
      now = question;
      scenario.box.value = question.scenario;
      summary.textContent = said(scenarioOf(info, question.scenario)?.summary);
      year.box.value = String(question.year);
      const changes = question.on.length + question.off.length;
      reset.hidden = !isChanged(info, question);
      note.textContent = changes ? t("Changed by you: {count}", { count: changes }) : "";
      const taken = new Set(measuresTaken(info, question));
      for (const one of switches) showSwitch(one, taken.has(one.measure.id), question);
      for (const group of groups) group.count(taken);
    },
  };
}

function byYear(a: CaseMeasure, b: CaseMeasure): number {
  return a.from_year - b.from_year || a.id.localeCompare(b.id);
}

function scenarioSelect(info: CaseInfo, choose: (id: string) => void) {
  const box = h("select", { onchange: () => choose(box.value) }) as HTMLSelectElement;
  const ordered = [...info.scenarios].sort((a, b) => a.year - b.year || a.measures.length - b.measures.length);
  for (const { id, title } of ordered) add(box, h("option", { value: id }, said(title)));
  return { box, label: h("label", { class: "app-field" }, h("span", {}, t("Scenario")), box) };
}

function yearInput(info: CaseInfo, choose: (year: number) => void) {
  const [first, last] = yearRange(info);
  const box = h("select", { onchange: () => choose(Number(box.value)) }) as HTMLSelectElement;
  for (let year = first; year <= last; year += 1) add(box, h("option", { value: year }, year));
  return { box, label: h("label", { class: "app-field app-year" }, h("span", {}, t("Year")), box) };
}

function measureSwitch(measure: CaseMeasure, choose: (taken: boolean) => void, context: () => Context | null): Switch {
  const box = h("input", {
    type: "checkbox",
    role: "switch",
    onchange: () => choose(box.checked),
  }) as HTMLInputElement;
  const effect = h("span", { class: "app-measure-effect" });
  const text = h(
    "span",
    { class: "app-measure-text" },
    h("span", { class: "app-measure-title" }, said(measure.title)),
    h("span", { class: "app-measure-facts" }, facts(measure)),
    effect,
  );
  const row = h("li", { class: "app-measure" }, h("label", {}, box, text), aboutMeasure(measure, context));
  return { measure, row, box, effect };
}

/** Summary, who decides, and the sources, which the document of a run holds. */
function aboutMeasure(measure: CaseMeasure, context: () => Context | null): HTMLElement {
  const sources = h("p", {});
  const authority = h("p", {}, h("span", { lang: "en" }, measure.authority));
  const about: HTMLElement = h(
    "details",
    {
      class: "app-measure-about",
      ontoggle: () => {
        const ctx = context();
        if (!ctx) return;
        authority.replaceChildren(freeText(ctx.doc, measure.authority));
        sources.replaceChildren(sourceButtons(ctx, measure.source_ids.join(";")));
      },
    },
    h("summary", {}, t("About"), h("span", { class: "visually-hidden" }, ` ${said(measure.title)}`)),
    h("p", {}, said(measure.summary)),
    authority,
    sources,
  );
  return about;
}

function facts(measure: CaseMeasure): string {
  const cost = costOfMeasure(measure.cost_musd, measure.cost_low_musd, measure.cost_high_musd);
  const from = t("{state}, from {year}", { state: word(measure.state), year: String(measure.from_year) });
  return cost ? `${from} · ${cost}` : from;
}

function showSwitch(one: Switch, taken: boolean, question: Question): void {
  one.box.checked = taken;
  const changed = question.on.includes(one.measure.id) || question.off.includes(one.measure.id);
  one.row.classList.toggle("is-changed", changed);
  const effect = effectText(one.measure, question.year);
  one.row.classList.toggle("is-silent", effect !== "");
  one.effect.textContent = effect;
}

/** Why a switch would change nothing in this year; empty where it does. */
function effectText(measure: CaseMeasure, year: number): string {
  if (measure.pending) {
    return t("No effect in the model yet: {reason}", { reason: pendingReason(measure.pending) });
  }
  if (measure.from_year > year) {
    return t("No effect in {year}: it acts from {from}", { year: String(year), from: String(measure.from_year) });
  }
  return "";
}

function pillarGroup(pillar: string, made: Switch[]) {
  const count = h("span", { class: "app-pillar-count" });
  const list = h("ul", { class: "app-measures" }, ...made.map((one) => one.row));
  const element = h(
    "details",
    { class: "app-pillar", open: pillar === "facilities" },
    h("summary", {}, h("span", {}, pillarTitle(pillar)), count),
    list,
  );
  return {
    element,
    count(taken: Set<string>): void {
      const on = made.filter((one) => taken.has(one.measure.id)).length;
      count.textContent = t("{taken} of {all}", { taken: num(on), all: num(made.length) });
    },
  };
}

/** A search box over the titles; groups with hits open, the rest is hidden. */
function measureFilter(switches: Switch[]): HTMLElement {
  const box = h("input", { type: "search", oninput: () => filter() }) as HTMLInputElement;
  function filter(): void {
    const wanted = box.value.trim().toLocaleLowerCase();
    for (const { row, measure } of switches) {
      const text = [measure.id, ...Object.values(measure.title)].join(" ").toLocaleLowerCase();
      row.hidden = wanted !== "" && !text.includes(wanted);
    }
    const groups = new Set(switches.map(({ row }) => row.closest("details.app-pillar")));
    for (const group of groups) {
      if (!(group instanceof HTMLDetailsElement)) continue;
      const hit = group.querySelector("li.app-measure:not([hidden])") !== null;
      group.hidden = !hit;
      if (wanted && hit) group.open = true;
    }
  }
  return h("label", { class: "app-field app-find" }, h("span", {}, t("Find a measure")), box);
}
