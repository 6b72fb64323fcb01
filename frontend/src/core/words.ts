/** The words of the tables (modes, verdicts, states, kinds) in the reader's language. */

import type { Cell } from "./document";
import { fromData, lang, t, tx } from "./texts";

const WORDS: Record<string, () => string> = {
  // modes
  rail: () => t("rail"),
  sea: () => t("sea"),
  ferry: () => t("ferry"),
  road: () => t("road"),
  // kinds of transfers and places
  origin: () => t("origin"),
  destination: () => t("destination"),
  terminal: () => t("terminal"),
  port: () => t("port"),
  gauge_change: () => t("gauge change"),
  marshalling: () => t("marshalling"),
  border: () => t("border"),
  station: () => t("station"),
  dry_port: () => t("dry port"),
  city: () => t("city"),
  waypoint: () => t("waypoint"),
  // what has a capacity
  link: () => t("link"),
  service: () => t("service"),
  transfer: () => t("transfer"),
  fleet: () => t("fleet"),
  // pillars
  policy: () => t("policy"),
  facilities: () => t("facilities"),
  trade: () => t("trade"),
  finance: () => t("finance"),
  people: () => t("people"),
  digital: () => t("digital"),
  green: () => t("green"),
  // states of measures
  done: () => t("done"),
  under_construction: () => t("under construction"),
  committed: () => t("committed"),
  planned: () => t("planned"),
  proposed: () => t("proposed"),
  // verdicts
  supported: () => t("supported"),
  contradicted: () => t("contradicted"),
  "no data": () => t("no data"),
  inside: () => t("inside"),
  outside: () => t("outside"),
  "not modelled": () => t("not modelled"),
  "no route": () => t("no route"),
  // where a number comes from
  reported: () => t("reported"),
  derived: () => t("derived"),
  assumed: () => t("assumed"),
  calibrated: () => t("calibrated"),
  held_out: () => t("held out"),
  calibration: () => t("calibration"),
  input: () => t("input"),
  // how a cell of the scoreboard is known
  observed: () => t("observed"),
  imputed: () => t("carried on"),
  run: () => tx("status", "run"),
  // choices that scores depend on
  aggregation: () => t("kind of mean"),
  weights: () => t("weights"),
  "imputation draws": () => t("carried values"),
  // confidence
  high: () => tx("confidence", "high"),
  medium: () => tx("confidence", "medium"),
  low: () => tx("confidence", "low"),
  inferred: () => tx("confidence", "inferred"),
  // quantities of the validation
  mean_h: () => t("mean time door to door"),
  transit_h: () => t("mean time on the way"),
  p10_h: () => t("time of the fastest tenth"),
  p50_h: () => t("median time"),
  p90_h: () => t("time of the slowest tenth"),
  length_km: () => t("length"),
  cost_usd_per_teu: () => t("cost"),
  co2e_kg_per_teu: () => t("emissions"),
  dwell_h: () => t("dwell"),
  headway_h: () => t("headway"),
  capacity_t_per_year: () => t("capacity"),
  capacity_teu_per_year: () => t("capacity"),
  flow_t: () => t("flow"),
  flow_teu: () => t("flow"),
  trains: () => t("trains"),
  flow_share: () => t("share of the flows"),
};

/** Return a word of the tables in the reader's language; unknown words as they are. */
export function word(value: Cell | undefined): string {
  const text = String(value ?? "");
  return WORDS[text]?.() ?? fromData(text);
}

/** Return a unit of the tables in the reader's language. */
export function unit(text: Cell | undefined): string {
  return fromData(String(text ?? ""), "unit");
}

/** Return a text with its first letter as a capital. */
export function cap(text: string): string {
  const [first = "", ...rest] = text;
  // Azerbaijani has a dotted capital: i -> İ.
  return first.toLocaleUpperCase(lang()) + rest.join("");
}
