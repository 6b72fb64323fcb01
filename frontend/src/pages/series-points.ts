/** Where the observations of a series stand in its chart, and which belong together. */

import type { Row } from "../core/document";
import { listed } from "../core/phrases";
import { lang, t } from "../core/texts";
import { periodSpan, periodText, type Span } from "./periods";

/** Groups beyond the colours share the last one, so that colours stay apart. */
const MOST_GROUPS = 6;
/** Sorts behind every name. */
const OTHERS = "\uffffothers";

export interface Point {
  row: Row;
  /** Middle of the period in milliseconds, or the place of the part among the stops. */
  at: number;
  /** The period, where it is not one calendar year. */
  span: Span | null;
  value: number;
  group: string;
  /** Steps to the side among observations of one year. */
  side: number;
}

/** What goes along the axis: time; or the parts of the series, where there are many of them at one time. */
export interface Across {
  /** The parts; none where time goes along the axis. */
  stops: string[] | null;
  group: (row: Row) => string;
}

/** Return the rows that have a value or a range, and a time. */
export function valuedRows(rows: Row[]): Row[] {
  return rows.filter((row) => middle(row) !== null && periodSpan(String(row.period)) !== null);
}

/** `name` says how the parts are called: they stand in the order of what is read. */
export function acrossOf(rows: Row[], name: (part: string) => string): Across {
  const periods = new Set(rows.map((row) => row.period));
  const parts = new Set(rows.map(part));
  if (parts.size > MOST_GROUPS && parts.size > periods.size) {
    const stops = [...parts].sort((a, b) => name(a).localeCompare(name(b), lang()));
    return { stops, group: (row) => String(row.period) };
  }
  const who = (row: Row): string => String(row.side ?? "");
  return { stops: null, group: parts.size > 1 ? (row) => listed([part(row), who(row)].filter(Boolean)) : who };
}

function part(row: Row): string {
  return String(row.coverage ?? "");
}

/** Return the groups, the largest first; small ones beyond the colours are one. */
export function groupsOf(rows: Row[], across: Across): string[] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(across.group(row), (counts.get(across.group(row)) ?? 0) + 1);
  const order = [...counts].sort((a, b) => b[1] - a[1]).map(([group]) => group);
  const kept = order.length > MOST_GROUPS ? [...order.slice(0, MOST_GROUPS - 1), OTHERS] : order;
  // Periods come in their order.
  return across.stops ? kept.sort() : kept;
}

export function groupName(group: string): string {
  if (group === OTHERS) return t("others");
  return group ? periodText(group) : t("not named");
}

/** Tell whether the values of a group are of one kind, so that a line may join them. */
export function isOneKind(group: string): boolean {
  return group !== OTHERS;
}

export function pointsOf(rows: Row[], across: Across, groups: string[]): Point[] {
  const known = new Set(groups);
  const beside = new Map<number, Point[]>();
  // The used value of a year stands at its middle, the others beside it.
  const order = across.stops ? rows : [...rows].sort((a, b) => Number(a.used === false) - Number(b.used === false));
  const points = order.map((row): Point => {
    const own = across.group(row);
    const span = periodSpan(String(row.period))!;
    const at = across.stops ? across.stops.indexOf(part(row)) : (span.start + span.end) / 2;
    const bar = across.stops || span.year ? null : span;
    const point = { row, at, span: bar, value: middle(row)!, group: known.has(own) ? own : OTHERS, side: 0 };
    if (!bar) beside.set(at, [...(beside.get(at) ?? []), point]);
    return point;
  });
  for (const own of beside.values()) own.forEach((point, i) => (point.side = across.stops ? i - (own.length - 1) / 2 : alternate(i)));
  return points;
}

/** 0, 1, -1, 2, -2 … */
function alternate(index: number): number {
  return index % 2 === 1 ? (index + 1) / 2 : -index / 2;
}

function middle(row: Row): number | null {
  if (typeof row.value === "number") return row.value;
  const ends = [row.value_low, row.value_high].filter((end) => typeof end === "number");
  return ends.length ? ends.reduce((sum, end) => sum + end, 0) / ends.length : null;
}
