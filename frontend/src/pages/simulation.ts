/** The corridor in motion: how long simulated journeys take, where they wait, and what is full. */

import { number, type Row } from "../core/document";
import { h, select } from "../core/dom";
import { type Context, registerPage } from "../core/pages";
import { sentences } from "../core/phrases";
import { printing } from "../core/printing";
import { cautionsOf, cautionText, dayText, estimate, type JourneyGroup, journeyGroups, journeyNames, rangeText, simulatedName, simulationOf, wayNames } from "../core/simulation";
import { dataTable } from "../core/table";
import { lang, num, percent, t } from "../core/texts";
import { cap } from "../core/words";
import { journeyFigures, timesChart } from "./simulation-times";
import { player } from "./simulation-player";
import { bottlenecks, resources } from "./simulation-resources";
import { waits } from "./simulation-waits";
import { throughput, utilization } from "./simulation-year";
import "./simulation.css";

registerPage({ id: "simulation", order: 56, title: () => t("The corridor in motion"), needs: ["simulation", "details"], render });

function render(root: HTMLElement, ctx: Context): void | (() => void) {
  const run = simulationOf(ctx.doc);
  const groups = journeyGroups(ctx.doc);
  if (!run || groups.length === 0) {
    root.append(h("p", { class: "notice" }, missingText(run)));
    if (run) warnings(root, ctx, run);
    return;
  }
  lead(root, run);
  warnings(root, ctx, run);
  journey(root, ctx, groups);
  const end = printing() ? undefined : player(root, ctx);
  throughput(root, ctx);
  utilization(root, ctx);
  bottlenecks(root, ctx);
  resources(root, ctx);
  madeHow(root, run);
  return end;
}

function missingText(run: Row | undefined): string {
  if (run) return t("The simulation followed no journeys: the case has no flows for it, or it could not be played.");
  return t("This run holds no simulation: the stage “simulate” is missing, as in runs of earlier versions. Run the case again with “karvan run”, or ask for the scenario again in the app, to get it.");
}

function lead(root: HTMLElement, run: Row): void {
  const level = percent(number(run.level_share) ?? 0);
  const count = number(run.replications) ?? 0;
  root.append(
    h("p", { class: "lead" }, t("Trains, vessels and trucks run through the year {count} times in the computer, each time with other storms, delays and arrivals. This page shows how long journeys take door to door, where shipments wait, and what is full.", { count })),
    // One replication has no intervals; the cautions say so.
    ...(count > 1 ? [h("p", { class: "hint" }, t("The numbers in brackets are {level} intervals: where the mean would lie if very many such years were played. They speak of chance in the model, not of what the model leaves out.", { level }))] : []),
  );
}

/** What makes the numbers less sure, and where the line only grows. */
function warnings(root: HTMLElement, ctx: Context, run: Row): void {
  const lost = number(run.lost) ?? 0;
  const growing = ctx.doc.table("simulated_resources").filter((row) => (number(row.growth_per_day) ?? 0) > 0);
  const lines = [
    ...growing.map((row) => t("More arrives than can be served: {where}. The line grows by {growth} a day; times there are those of this year and would rise further.", { where: simulatedName(ctx.doc, row), growth: num(number(row.growth_per_day), 1) })),
    ...(lost > 0 ? [t("Replications that ended early and count for nothing: {count}.", { count: lost })] : []),
  ];
  const cautions = cautionsOf(run);
  if (lines.length + cautions.length === 0) return;
  const list = h("ul", {}, ...lines.map((line) => h("li", {}, line)), ...cautions.map((line) => cautionItem(ctx, line)));
  root.append(h("div", { class: "notice" }, h("strong", {}, t("Read with caution")), list));
}

/** A caution of the program; where it is not translated it is marked as English. */
function cautionItem(ctx: Context, line: string): HTMLElement {
  const text = cautionText(ctx.doc, line);
  return h("li", { lang: text === line && lang() !== "en" ? "en" : null }, text);
}

function journey(root: HTMLElement, ctx: Context, groups: JourneyGroup[]): void {
  const names = journeyNames(ctx.doc);
  const name = (row: Row): string => names.get(String(row.journey_id)) ?? "";
  const asked = ctx.params.get("journey");
  const group = groups.find(({ journeys }) => journeys.some((row) => row.journey_id === asked)) ?? groups[0]!;
  const chosen = group.journeys.find((row) => row.journey_id === asked) ?? group.journeys[0]!;
  const choose = (id: string): void => ctx.go("simulation", { journey: id });
  root.append(h("h2", {}, t("Door to door")), h("div", { class: "controls" }, ...choices(ctx, groups, group, chosen, choose)));
  journeyFigures(root, ctx, chosen);
  timesChart(root, ctx, chosen, name(chosen));
  waits(root, ctx, chosen, name(chosen));
  journeyTable(root, ctx, groups.flatMap(({ journeys }) => journeys), name, chosen);
}

/** First from where to where, then which way, where there are several. */
function choices(ctx: Context, groups: JourneyGroup[], group: JourneyGroup, chosen: Row, choose: (id: string) => void): HTMLElement[] {
  const first = (one: JourneyGroup): string => String(one.journeys[0]!.journey_id);
  const journeys = select(t("Journey"), groups.map((one) => ({ value: first(one), text: one.name })), first(group), choose);
  if (group.journeys.length < 2) return [journeys];
  const names = wayNames(ctx.doc, group.journeys);
  const ways = group.journeys.map((row) => ({ value: String(row.journey_id), text: names.get(row)! }));
  return [journeys, select(t("Way"), ways, String(chosen.journey_id), choose)];
}

function journeyTable(root: HTMLElement, ctx: Context, journeys: Row[], name: (row: Row) => string, chosen: Row): void {
  if (journeys.length < 2) return;
  const rows = journeys.map((row) => ({ ...row, name: name(row) }));
  const interval = (stem: string, ending: string, write: (value: number | null) => string) => (row: Row) => rangeText(estimate(row, stem, ending), write);
  dataTable(
    root,
    ctx,
    rows,
    [
      { key: "name", title: t("journey"), draw: (row) => h("button", { type: "button", class: "link", onclick: () => ctx.go("simulation", { journey: String(row.journey_id) }) }, String(row.name)) },
      { key: "mean_h", title: t("days, mean"), kind: "days" },
      { key: "mean_low_h", title: t("interval"), kind: "number", text: interval("mean", "_h", dayText), fold: 3 },
      { key: "p10_h", title: t("days, fastest tenth"), kind: "days", fold: 4 },
      { key: "p90_h", title: t("days, slowest tenth"), kind: "days", fold: 1 },
      { key: "arrived_teu_per_year", title: t("TEU a year"), kind: "number", fold: 2 },
      { key: "arrived_low_teu_per_year", title: t("interval of TEU"), kind: "number", text: interval("arrived", "_teu_per_year", (value) => num(value)), fold: 5 },
      { key: "left_behind_teu", title: t("more under way at the end, TEU"), kind: "number", fold: 6 },
    ],
    {
      caption: t("All simulated journeys"),
      file: "karvan-simulated-journeys",
      filter: journeys.length > 10,
      pageSize: 15,
      saved: ["mean_high_h", "p50_h", "journey_id", "nodes"],
      current: (row) => row.journey_id === chosen.journey_id,
    },
  );
}

/** What another would need to play the same year again. */
function madeHow(root: HTMLElement, run: Row): void {
  const day = (hours: unknown): string => t("{days} days", { days: num((number(hours as number) ?? 0) / 24) });
  const precision = number(run.precision_share);
  const facts: [string, string][] = [
    [t("replications"), num(number(run.replications))],
    [t("length of a replication"), day(run.horizon_h)],
    [t("warm-up before it, not counted"), day(run.warmup_h)],
    [t("half-width of the means, at most"), precision === null ? "–" : percent(precision, 1)],
    [t("events of all replications"), num(number(run.events))],
    [t("largest error of conservation and Little's law"), errorText(number(run.law_error))],
    [t("seed of random numbers"), String(run.seed ?? "–")],
    [t("hash of the model"), String(run.model_hash ?? "–")],
  ];
  const list = h("dl", { class: "facts hashes" });
  for (const [name, value] of facts) list.append(h("dt", {}, cap(name)), h("dd", {}, value));
  root.append(
    h("h2", {}, t("How it was made")),
    h("p", {}, sentences([t("The same seed gives the same year to the last event."), t("Scenarios share their draws, so differences between them are sharper than the intervals say.")])),
    list,
  );
}

function errorText(error: number | null): string {
  if (error === null) return "–";
  return error > 0 ? error.toExponential(0) : num(0);
}
