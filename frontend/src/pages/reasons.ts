/** Why a claim got its verdict, in the current language, from the facts that the results keep. */

import type { Doc, Row } from "../core/document";
import { clauses, colon, listed } from "../core/phrases";
import { num, t } from "../core/texts";
import { unit as unitWord } from "../core/words";
import { periodText } from "./periods";

interface Amount {
  kind: "amount";
  value: number | null;
  low: number | null;
  high: number | null;
  unit: string;
}
interface Span {
  kind: "span";
  ends: string[];
}
interface Words {
  kind: "words";
  words: string[];
}
interface Path {
  kind: "path";
  points: [string, number][];
  unit: string;
}
interface Steps {
  kind: "steps";
  pairs: [[string, number], [string, number]][];
  unit: string;
}
type Fact = Amount | Span | Words | Path | Steps | string | number;
type Values = Record<string, string>;

const WITHOUT_UNIT = new Set(["", "1", "share", "ratio", "count"]);
const WHOLE_FROM = 1000;
const SIGNIFICANT_DIGITS = 4;

/** A text for each stable key of a reason. */
const WHY: Record<string, (v: Values) => string> = {
  none: () => t("Not tested by the program; see the analyst's reading."),
  "series.missing": (v) => t("{series}: no value for {period}.", v),
  "series.weak": (v) => t("{series}: the only values for {period} are of low confidence.", v),
  "series.sides": (v) => t("{series}: the values for {period} are counted by different sides.", v),
  "series.few": (v) => t("{series}: a path needs two values in {period}, there are {count}.", v),
  "event.missing": (v) => t("The event is not in the table of events.", v),
  "event.weak": (v) => t("No independent source for the event '{event}'.", v),
  "event.vague": (v) => t("The event '{event}' is dated only {found}, which cannot decide {expected}.", v),
  "level.same": (v) => t("{series}: {found} in {period}; claimed {expected}.", v),
  "level.different": (v) => t("{series}: {found} in {period}, not {expected}.", v),
  "level.in_range": (v) => t("{series}: {found} in {period}, a range that holds {expected}.", v),
  "level.out_of_range": (v) =>
    t("{series}: {found} in {period}, a range that does not hold {expected}.", v),
  "at_least.reached": (v) => t("{series}: {found} in {period}, at least {expected}.", v),
  "at_least.missed": (v) => t("{series}: {found} in {period}, less than {expected}.", v),
  "ratio.same": (v) => t("{series}: a factor of {found} from {period}; claimed {expected}.", v),
  "ratio.different": (v) => t("{series}: a factor of {found} from {period}, not {expected}.", v),
  "ratio.zero": (v) => t("{series}: zero at the start of {period}, so there is no ratio.", v),
  "path.rising": (v) => t("{series}: a rise at every step: {found}.", v),
  "path.not_rising": (v) => t("{series}: no rise at every step: {step}.", v),
  "path.steady": (v) => t("{series}: no fall: {found}.", v),
  "path.falling": (v) => t("{series}: a fall: {step}.", v),
  "event_date.same": (v) => t("The event '{event}' is dated {found}.", v),
  "event_date.different": (v) => t("The event '{event}' is dated {found}, not {expected}.", v),
  "report_date.possible": (v) =>
    t("'{event}' is dated {found}, not after the report of {expected}.", v),
  "report_date.impossible": (v) =>
    t("A report of {expected} cannot describe '{event}', dated {found}.", v),
  "exists.event": (v) => t("The event '{event}' is dated {found}.", v),
  "exists.positive": (v) => t("{series}: {found} in {period}.", v),
  "exists.zero": (v) => t("{series}: {found} in {period}, so there is none.", v),
  "member.listed": (v) => t("{series}: {found}.", v),
  "member.absent": (v) => t("{series}: {found}; none of {expected} is among them.", v),
};

/** The reason of a row of the result table `claims`; its English text where the key is not known. */
export function reasonText(doc: Doc, row: Row): string {
  const text = WHY[String(row["why_key"])];
  const facts = parsed(row["why_values"]);
  if (!text || !facts) return String(row["why_en"] ?? "");
  const values: Values = {};
  for (const [name, fact] of Object.entries(facts)) values[name] = named(doc, name, fact);
  // An abbreviated unit at the end brings its own full stop.
  return text(values).replace("..", ".");
}

function parsed(json: unknown): Record<string, Fact> | null {
  try {
    return JSON.parse(String(json)) as Record<string, Fact>;
  } catch {
    return null;
  }
}

function named(doc: Doc, name: string, fact: Fact): string {
  if (name === "series") return doc.name("input_series", String(fact));
  if (name === "event") return doc.name("input_events", String(fact));
  return factText(fact);
}

function factText(fact: Fact): string {
  if (typeof fact === "string") return periodText(fact);
  if (typeof fact === "number") return num(fact);
  switch (fact.kind) {
    case "amount":
      return amountText(fact);
    case "span":
      return spanText(fact);
    case "words":
      return listed(fact.words) || t("nothing");
    case "path":
      return pathText(fact);
    case "steps":
      return clauses(fact.pairs.map(([a, b]) => stepText(a, b, fact.unit)));
  }
}

/** At most four significant digits below a thousand. */
export function numberText(value: number): string {
  if (Math.abs(value) >= WHOLE_FROM || Number.isInteger(value)) return num(value);
  const short = String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
  return short.includes("e") ? short : num(value, (short.split(".")[1] ?? "").length);
}

export function withUnit(text: string, of: string): string {
  if (WITHOUT_UNIT.has(of)) return text;
  return t("{number} {unit}", { number: text, unit: unitWord(of) });
}

function amountText(fact: Amount): string {
  const end = (value: number | null): string => (value === null ? "…" : numberText(value));
  const text =
    fact.value === null ? `${end(fact.low)}–${end(fact.high)}` : numberText(fact.value);
  return withUnit(text, fact.unit);
}

function spanText(fact: Span): string {
  const ends = fact.ends.map(periodText);
  const [first, last] = [ends[0], ends[ends.length - 1]];
  if (first === undefined || last === undefined) return t("any period");
  return ends.length === 1 ? first : t("{first} to {last}", { first, last });
}

function pathText(fact: Path): string {
  const points = fact.points.map(([period, value]) => colon(periodText(period), numberText(value)));
  return withUnit(clauses(points), fact.unit);
}

function stepText(before: [string, number], after: [string, number], unit: string): string {
  return t("{before} in {before_period}, {after} in {after_period}", {
    before: withUnit(numberText(before[1]), unit),
    before_period: periodText(before[0]),
    after: withUnit(numberText(after[1]), unit),
    after_period: periodText(after[0]),
  });
}
