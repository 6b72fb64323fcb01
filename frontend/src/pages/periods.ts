/** Periods of observations: years, parts of years, days and longer times, in words and on an axis. */

import { t } from "../core/texts";

const ONE_PERIOD = /^(\d{4})(?:-(?:Q([1-4])|H([12])|(\d{2})(?:-(\d{2}))?))?$/;

/** A period as the language writes it; any other text stays as it is. */
export function periodText(text: string): string {
  const slash = text.indexOf("/");
  if (slash >= 0) {
    const ends = { first: periodText(text.slice(0, slash)), last: periodText(text.slice(slash + 1)) };
    return t("{first}/{last}", ends);
  }
  const match = ONE_PERIOD.exec(text);
  if (!match) return text;
  const [, year = "", quarter, half, month, day] = match;
  const short = { short_month: String(Number(month)), short_day: String(Number(day)) };
  if (quarter) return t("{year}-Q{quarter}", { year, quarter });
  if (half) return t("{year}-H{half}", { year, half });
  if (month && day) return t("{year}-{month}-{day}", { year, month, day, ...short });
  if (month) return t("{year}-{month}", { year, month, ...short });
  return t("{year}", { year });
}

/** A period on the axis of time, in milliseconds. */
export interface Span {
  start: number;
  end: number;
  /** Exactly one calendar year: the usual period of statistics. */
  year: boolean;
}

/** Return when a period begins and ends; none for a text that is no period. */
export function periodSpan(text: string): Span | null {
  const ends = text.split("/").map(oneSpan);
  const [first, last] = [ends[0], ends[ends.length - 1]];
  if (!first || !last) return null;
  return { start: first.start, end: last.end, year: ends.length === 1 && first.year };
}

function oneSpan(text: string): Span | null {
  const match = ONE_PERIOD.exec(text);
  if (!match) return null;
  const [year, quarter, half, month, day] = match.slice(1).map((part) => (part === undefined ? null : Number(part)));
  const between = (from: number, months: number): Span => ({
    start: Date.UTC(year!, from, 1),
    end: Date.UTC(year!, from + months, 1),
    year: months === 12,
  });
  if (quarter) return between(3 * (quarter - 1), 3);
  if (half) return between(6 * (half - 1), 6);
  if (month && day) return { start: Date.UTC(year!, month - 1, day), end: Date.UTC(year!, month - 1, day + 1), year: false };
  return month ? between(month - 1, 1) : between(0, 12);
}
