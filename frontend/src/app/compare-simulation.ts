// The simulations of two runs: what journeys take, how sure that is, what arrives, and which bottlenecks moved.
import { number, type Doc, type Row } from "../core/document";
import { clear, h } from "../core/dom";
import type { Context } from "../core/pages";
import { bracketed } from "../core/phrases";
import {
  dayText,
  estimate,
  estimateText,
  gainOf,
  gainWord,
  hoursText,
  journeyNames,
  journeyGroups,
  simulatedKey,
  simulatedName,
  simulationOf,
  type Estimate,
} from "../core/simulation";
import { dataTable, FOLDED, type Column } from "../core/table";
import { num, t, withSign } from "../core/texts";
import type { Difference, JourneyDiff } from "./api";

/** Draw the tables; nothing where neither run holds a simulation. */
export function compareSimulation(place: HTMLElement, ctx: Context, before: Doc, after: Doc, changes: JourneyDiff[]): void {
  clear(place);
  const has = [before, after].map((doc) => simulationOf(doc) !== undefined);
  if (!has.includes(true)) return;
  place.append(h("h2", {}, t("The corridor in motion")));
  if (has.includes(false)) {
    place.append(h("p", { class: "app-nothing" }, t("Only one of the two runs holds a simulation.")));
    return;
  }
  const paired = changes.some(({ mean_h }) => mean_h.change !== null);
  const how = paired
    ? t("Both runs played the same storms, delays and arrivals: intervals are of the differences replication by replication.")
    : t("Intervals of differences are computed as if the two runs had nothing in common.");
  place.append(h("p", {}, how));
  journeys(place, ctx, before, after, changes);
  bottlenecks(place, ctx, before, after);
}

/** A quantity of a journey that is compared. */
interface Quantity {
  key: string;
  stem: string;
  ending: string;
  of: (change: JourneyDiff) => Difference;
  title: string;
  write: (value: number | null) => string;
  fold: number;
}

function journeys(place: HTMLElement, ctx: Context, before: Doc, after: Doc, changes: JourneyDiff[]): void {
  const quantities: Quantity[] = [
    { key: "mean", stem: "mean", ending: "_h", of: ({ mean_h }) => mean_h, title: t("days, mean"), write: dayText, fold: 1 },
    { key: "p90", stem: "p90", ending: "_h", of: ({ p90_h }) => p90_h, title: t("days, 90 of 100 within"), write: dayText, fold: 2 },
    { key: "teu", stem: "arrived", ending: "_teu_per_year", of: ({ teu }) => teu, title: t("TEU a year"), write: (value) => num(value), fold: 3 },
  ];
  const names = journeyNames(after);
  const then = new Map(before.table("simulated_journeys").map((row) => [row.journey_id, row]));
  const found = new Map(changes.map((change) => [change.later_id, change]));
  const own = journeyGroups(after).flatMap((group) => group.journeys);
  const rows = own.flatMap((row): Row[] => {
    const id = String(row.journey_id);
    const change = found.get(id);
    const old = then.get(change?.journey_id ?? null);
    if (!change || !old) return [];
    const cells: Row = { journey_id: id, name: names.get(id) ?? "" };
    for (const { key, stem, ending, of } of quantities) {
      const [was, is] = [old, row].map((one) => estimate(one, stem, ending));
      const { change: value, low, high } = of(change);
      put(cells, key, was!, is!, value === null ? differenceOf(was!, is!) : { value, low, high });
    }
    return [cells];
  });
  const columns: Column[] = [{ key: "name", title: t("journey") }, ...quantities.flatMap(changeColumns)];
  dataTable(place, ctx, rows, columns, { caption: t("Simulated journeys"), file: "compared-simulated-journeys", pageSize: 15, saved: ["journey_id", ...quantities.flatMap(({ key }) => [`${key}_low`, `${key}_high`])] });
  const alone = own.length + then.size - 2 * rows.length;
  if (alone > 0) place.append(h("p", { class: "app-nothing" }, t("Journeys that only one of the two has: {count}.", { count: alone })));
}

/** Put before, after, the difference and its interval into a row. */
function put(row: Row, key: string, old: Estimate, now: Estimate, { value, low, high }: Estimate): void {
  Object.assign(row, { [`${key}_before`]: old.value, [`${key}_after`]: now.value, [`${key}_change`]: value, [`${key}_low`]: low, [`${key}_high`]: high });
}

/** Return the difference of two means; half-widths add up as those of independent means. */
function differenceOf(old: Estimate, now: Estimate): Estimate {
  if (old.value === null || now.value === null) return { value: null, low: null, high: null };
  const value = now.value - old.value;
  const halves = [old, now].map(({ low, high }) => (low === null || high === null ? null : (high - low) / 2));
  if (halves.includes(null)) return { value, low: null, high: null };
  const half = Math.hypot(halves[0]!, halves[1]!);
  return { value, low: value - half, high: value + half };
}

function changeColumns({ key, title, write, fold }: Quantity): Column[] {
  const at = (row: Row, part: string): number | null => number(row[`${key}_${part}`]);
  const change = (row: Row): string => {
    const [value, low, high] = ["change", "low", "high"].map((part) => at(row, part));
    if (value === null || low === null || high === null) return withSign(value!, write);
    const ends = t("{low} to {high}", { low: withSign(low!, write), high: withSign(high!, write) });
    return bracketed(withSign(value!, write), isNoise(low!, high!) ? t("not more than noise") : ends);
  };
  return [
    { key: `${key}_before`, title: t("before: {figure}", { figure: title }), kind: "number", text: (row) => write(at(row, "before")), fold: 3 + fold },
    { key: `${key}_after`, title: t("after: {figure}", { figure: title }), kind: "number", text: (row) => write(at(row, "after")), fold: fold === 1 ? undefined : fold },
    { key: `${key}_change`, title: t("change: {figure}", { figure: title }), kind: "number", text: change, fold: fold === 1 ? undefined : fold },
  ];
}

function isNoise(low: number | null, high: number | null): boolean {
  return low !== null && high !== null && low <= 0 && high >= 0;
}

function bottlenecks(place: HTMLElement, ctx: Context, before: Doc, after: Doc): void {
  const rows = movedBottlenecks(before, after);
  if (rows.length === 0) {
    place.append(h("p", { class: "app-nothing" }, t("No bottleneck of the simulation moved by more than noise.")));
    return;
  }
  const gain = (row: Row, part: string): string => {
    const e = estimate(row, `${part}_saved`, "_h");
    return e.value === null ? "–" : estimateText(e, hoursText);
  };
  const figure = t("hours saved a TEU");
  dataTable(
    place,
    ctx,
    rows,
    [
      { key: "name", title: t("bottleneck") },
      { key: "change", title: t("change") },
      { key: "before_saved_h", title: t("before: {figure}", { figure }), kind: "number", text: (row) => gain(row, "before"), fold: 1 },
      { key: "after_saved_h", title: t("after: {figure}", { figure }), kind: "number", text: (row) => gain(row, "after") },
      { key: "before_verdict", title: t("before: {figure}", { figure: t("verdict") }), fold: FOLDED },
      { key: "after_verdict", title: t("after: {figure}", { figure: t("verdict") }), fold: 2 },
    ],
    { caption: t("Bottlenecks of the simulation that moved"), file: "compared-simulated-bottlenecks", pageSize: 15 },
  );
}

/** Return the bottlenecks whose gain appeared, vanished or changed by more than noise, the largest change first. */
function movedBottlenecks(before: Doc, after: Doc): Row[] {
  const [old, now] = [before, after].map((doc) => new Map(doc.table("simulated_bottlenecks").map((row) => [simulatedKey(row), row])));
  const rows = [...new Set([...now!.keys(), ...old!.keys()])].map((key) => {
    const [then, next] = [old!.get(key), now!.get(key)];
    const { value, low, high } = differenceOf(estimate(then, "saved", "_h"), estimate(next, "saved", "_h"));
    const saves = [then, next].map((row) => row !== undefined && gainOf(row) === "saves");
    const moved = saves[0] !== saves[1] || (value !== null && !isNoise(low, high));
    const change = saves[0] === saves[1] ? t("gain changed") : saves[1] ? t("appeared") : t("vanished");
    return { row: { name: simulatedName(next ? after : before, (next ?? then)!), change, ...gains("before", then), ...gains("after", next) }, moved, size: Math.abs(value ?? Infinity) };
  });
  return rows.filter(({ moved }) => moved).sort((a, b) => b.size - a.size).map(({ row }) => row);
}

function gains(part: string, row: Row | undefined): Row {
  const { value, low, high } = estimate(row, "saved", "_h");
  return { [`${part}_saved_h`]: value, [`${part}_saved_low_h`]: low, [`${part}_saved_high_h`]: high, [`${part}_verdict`]: row ? gainWord(gainOf(row)) : "–" };
}
