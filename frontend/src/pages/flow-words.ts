/** Sentences about the flows: how exact they are, and what more room would bring. */

import { type Doc, ids, number, type Row } from "../core/document";
import { amountText, assignmentOf, carriedBy, mainAlternative, alternativeName, moneyText, resourceName, served, UNSERVED } from "../core/flows";
import { bracketed, clauses, colon } from "../core/phrases";
import { shortPlace } from "../core/routes";
import { num, percent, t } from "../core/texts";

const ERRORS = ["choice_error", "capacity_error", "slack_error", "conservation_error"];
/** Smaller shares are only said to be smaller. */
const LEAST_SHARE = 0.001;
/** Finer is rounding of numbers, not of flows. */
const MOST_PARTS = 1e9;
/** Names in one sentence. */
const MOST_NAMED = 5;
const WEEKS = 52;
const DAYS = 365;

/** Say in one sentence how exact the flows are, of which year, and how much stays away. */
export function certificate(doc: Doc, row: Row): string {
  const worst = Math.max(...ERRORS.map((column) => number(row[column]) ?? 0));
  const values = { year: String(row.flows_year), off: partText(worst), unserved: unservedText(doc) };
  return row.converged === true
    ? t("The flows of {year} are computed to the end, no flow or load being off by more than {off}; not served: {unserved}.", values)
    : t("The flows of {year} are an approximation, some flows or loads being off by up to {off}; not served: {unserved}.", values);
}

/** Return a small share as "1 part in 20,000,000". */
function partText(share: number): string {
  if (share <= 0) return t("nothing");
  if (share >= 0.01) return percent(share);
  const parts = Math.min(1 / share, MOST_PARTS);
  const step = 10 ** Math.floor(Math.log10(parts));
  return t("1 part in {parts}", { parts: num(Math.floor(parts / step) * step) });
}

function unservedText(doc: Doc): string {
  const parts = (["container", "loose"] as const).flatMap((cargo) => {
    const amounts = carriedBy(doc, cargo);
    const away = amounts.get(UNSERVED) ?? 0;
    const all = served(amounts) + away;
    // Less than a whole TEU or tonne is rounding.
    return away >= 1 ? [t("{amount} of {all}", { amount: amountText(away, cargo), all: amountText(all, cargo) })] : [];
  });
  return parts.length > 0 ? clauses(parts) : t("nothing");
}

/** Say what the alternative that the case is about carries. */
export function mainSentence(doc: Doc): string {
  const id = mainAlternative(doc);
  if (!id) return "";
  const parts = (["container", "loose"] as const).flatMap((cargo) => {
    const amounts = carriedBy(doc, cargo);
    // Of what wants to move, as the bars of the shares have it: what stays away is a part of all.
    const [own, all] = [amounts.get(id) ?? 0, served(amounts) + (amounts.get(UNSERVED) ?? 0)];
    if (all <= 0) return [];
    const values = { amount: amountText(own, cargo), share: shareText(own / all) };
    return [cargo === "loose" ? t("{amount} of loose cargo ({share} of all)", values) : t("{amount} in containers ({share} of all)", values)];
  });
  return colon(alternativeName(doc, id), clauses(parts));
}

/** Return a share in percent; small ones with a decimal. */
export function shareText(share: number | null): string {
  if (share === null) return "–";
  if (share > 0 && share < LEAST_SHARE) return t("under {share}", { share: percent(LEAST_SHARE, 1) });
  return percent(share, share < 0.1 ? 1 : 0);
}

/** Say that the demand is of another year than the network, where it is; else nothing. */
export function demandNote(doc: Doc): string {
  const row = assignmentOf(doc);
  if (!row || row.flows_year === doc.meta.year) return "";
  return t("The case knows no demand of {year}: that of {demand} moves on the network of {year}.", { year: String(doc.meta.year), demand: String(row.flows_year) });
}

/** Say how much of the demand no document gives, from the account of the evidence; nothing where all is given. */
export function demandState(doc: Doc): string {
  const row = doc.table("evidence_state").find((one) => one.table === "flows");
  const [all, assumed] = [number(row?.quantities) ?? 0, number(row?.assumed) ?? 0];
  return assumed > 0 ? t("The demand behind it is assumed: {assumed} of {count} figures.", { assumed: num(assumed), count: num(all) }) : "";
}

/** What is left unsaid by the first sentence: flows without any way, ways that the sets may miss. */
export function reservations(doc: Doc, row: Row): string[] {
  const gap = number(row.path_gap) ?? 0;
  const found: string[] = [];
  if (gap > 0) found.push(t("At the prices found, a way that was not among the choices would cost up to {gap} less.", { gap: shareText(gap) }));
  return [...found, noWay(doc, row)].filter(Boolean);
}

/** What the flows rest on: demand and constants of the route choice that no document gives. */
export function foundations(doc: Doc, row: Row): string[] {
  const flows = doc.table("input_flows").filter((flow) => flow.year === row.flows_year);
  const assumed = flows.filter((flow) => flow.flow_status === "assumed").length;
  const found = assumed > 0 ? [t("{assumed} of {count} flows of {year} are assumed.", { assumed: num(assumed), count: num(flows.length), year: String(row.flows_year) })] : [];
  const constants = doc.table("input_constants").filter((one) => (number(one.constant_usd_per_teu) ?? 0) !== 0);
  if (constants.length === 0) return found;
  const most = Math.max(...constants.map((one) => Math.abs(number(one.constant_usd_per_teu) ?? 0)));
  const having = (status: string): string => num(constants.filter((one) => one.constant_status === status).length);
  const values = { most: num(most), calibrated: having("calibrated"), assumed: having("assumed") };
  return [...found, t("Constants of the route choice, up to {most} USD/TEU: {calibrated} calibrated, {assumed} assumed. Where a constant is assumed, so are the shares.", values)];
}

/** Name the flows to which no way leads, the first few; nothing where there are none. */
export function noWay(doc: Doc, row: Row): string {
  const lost = ids(row.unreachable);
  if (lost.length === 0) return "";
  return t("No way at all: {flows}", { flows: clauses(firstOf(lost.map((id) => flowName(doc, id)))) });
}

/** Return the first names, and how many more there are. */
export function firstOf(names: readonly string[], most = MOST_NAMED): string[] {
  const more = names.length - most;
  return more > 0 ? [...names.slice(0, most), t("and {count} more", { count: num(more) })] : [...names];
}

function flowName(doc: Doc, id: string): string {
  const flow = doc.row("input_flows", id);
  if (!flow) return id;
  const way = `${shortPlace(doc, String(flow.origin))} → ${shortPlace(doc, String(flow.destination))}`;
  return bracketed(way, doc.name("input_commodities", String(flow.commodity_id)));
}

/** Say what more of a capacity is worth a year. */
export function gainSentence(doc: Doc, row: Row): string {
  const gain = number(row.gain_usd);
  const where = resourceName(doc, row);
  if (gain === null) return t("{where}: full; a TEU that passes pays {price} extra.", { where, price: moneyText(number(row.price_usd_per_teu)) });
  return colon(where, t("{more} is worth {gain} a year", { more: moreText(doc, row), gain: moneyText(gain) }));
}

/** Return the enlargement that was tried. */
export function moreText(doc: Doc, row: Row): string {
  const step = number(row.step) ?? 0;
  const mode = row.kind === "service" ? String(doc.row("input_services", String(row.id))?.mode ?? "") : "";
  const values = { step: num(step) };
  if (row.unit === "departures" && step === WEEKS) {
    return mode === "sea" || mode === "ferry" ? t("one more sailing a week") : t("one more train a week");
  }
  if (row.unit === "departures") return t("{step} more departures a year", values);
  if (row.unit === "trains") return step === DAYS ? t("one more train a day") : t("{step} more trains a year", values);
  return row.unit === "t" ? t("room for {step} t more", values) : t("room for {step} TEU more", values);
}

/** Return the name of a unit of capacity. */
export function capacityUnit(name: unknown): string {
  switch (name) {
    case "departures":
      return t("departures a year");
    case "trains":
      return t("trains a year");
    case "t":
      return t("t a year");
    default:
      return t("TEU a year");
  }
}
