/** Texts, numbers and dates in the reader's language. English texts are their own message ids. */

import type { Row } from "./document";

export type Lang = "ru" | "az" | "en" | "zh";
export const LANGS: Lang[] = ["ru", "az", "en", "zh"];
export const LANGUAGE_NAMES: Record<Lang, string> = {
  ru: "Русский",
  az: "Azərbaycanca",
  en: "English",
  zh: "中文",
};

type Catalogue = Record<string, string>;

let catalogues: Partial<Record<Lang, Catalogue>> = {};
let current: Lang = "en";

// Browsers built without Azerbaijani would write English numbers and dates for it. Its numbers
// look like German ones; the names of the months and of large numbers are here.
const MONTHS_AZ =
  "yanvar fevral mart aprel may iyun iyul avqust sentyabr oktyabr noyabr dekabr".split(" ");
const SHORT_MONTHS_AZ = "yan fev mar apr may iyn iyl avq sen okt noy dek".split(" ");

/** Return the locale that numbers are written in. */
function numberLocale(): string {
  return current === "az" ? "de" : current;
}

let plain: Intl.NumberFormat[] = [];

/** Set the catalogues of the document. */
export function setTexts(texts: Partial<Record<Lang, Catalogue>>): void {
  catalogues = texts;
}

export function lang(): Lang {
  return current;
}

/** Change the language; the caller renders the page again. */
export function setLang(l: Lang): void {
  current = l;
  plain = [];
  document.documentElement.lang = l;
}

/** Return the language of a text, if we have it. */
export function asLang(text: string | null | undefined): Lang | null {
  const short = (text ?? "").slice(0, 2).toLowerCase();
  return LANGS.find((l) => l === short) ?? null;
}

/** Return the English text in the reader's language, with {name} places filled. */
export function t(msgid: string, values?: Record<string, string | number>): string {
  return fill(catalogues[current]?.[msgid] || msgid, values);
}

/** Return an English text that has several meanings, told apart by its context. */
export function tx(context: string, msgid: string): string {
  return catalogues[current]?.[`${context}\u0004${msgid}`] || msgid;
}

/** Return the translation of a text that stands in the data, if there is one. */
export function fromData(text: string, context = ""): string {
  return (context && catalogues[current]?.[`${context}\u0004${text}`]) || catalogues[current]?.[text] || text;
}

function fill(text: string, values?: Record<string, string | number>): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    if (value === undefined) return place;
    return typeof value === "number" ? num(value) : value;
  });
}

/** Return a number with the language's separators, 0 to `digits` decimals always shown; a dash for none. */
export function num(v: number | null | undefined, digits = 0): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return "–";
  plain[digits] ??= new Intl.NumberFormat(numberLocale(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  // Nothing is gained by "-0".
  return minus(plain[digits]!.format(Math.abs(v) < 0.5 * 10 ** -digits ? 0 : v));
}

/** Put the sign of a negative number where the language has a hyphen. */
function minus(text: string): string {
  return text.replace("-", "−");
}

/** Return a number with the decimals that it has, three at most: the marks of an axis. */
export function plainNumber(v: number): string {
  return minus(new Intl.NumberFormat(numberLocale(), { maximumFractionDigits: 3 }).format(v));
}

const LARGE = 1e6;

/** Return a number, from a million on shortened as the language does it: 18.6 million, 18,6 млн, 1860万. */
export function large(v: number | null | undefined, digits = 3): string {
  if (v === null || v === undefined || Math.abs(v) < LARGE) return num(v);
  if (current === "az") return largeAz(v, digits);
  const compactDisplay = current === "en" ? "long" : "short";
  return new Intl.NumberFormat(current, { notation: "compact", compactDisplay, maximumSignificantDigits: digits }).format(v);
}

const LARGEST = 1e9;

function largeAz(v: number, digits: number): string {
  const rounded = Number(v.toPrecision(digits));
  return Math.abs(rounded) < LARGEST ? `${fewDigits(rounded / LARGE, digits)} mln` : `${fewDigits(rounded / LARGEST, digits)} mlrd`;
}

function fewDigits(v: number, digits: number): string {
  return minus(new Intl.NumberFormat(numberLocale(), { maximumSignificantDigits: digits }).format(v));
}

/** Return a share (0–1) as the language writes percentages. */
export function percent(share: number, digits = 0): string {
  if (current === "az") return `${new Intl.NumberFormat(numberLocale(), { maximumFractionDigits: digits }).format(100 * share)}%`;
  return new Intl.NumberFormat(current, { style: "percent", maximumFractionDigits: digits }).format(share);
}

/** Return hours as days with one decimal, without the unit. */
export function days(hours: number | null | undefined): string {
  return num(hours === null || hours === undefined ? null : hours / 24, 1);
}

/** Return a date, month or year (YYYY, YYYY-MM, YYYY-MM-DD) as the language writes it. */
export function dateText(iso: string | null | undefined): string {
  const parts = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$/.exec(iso ?? "");
  if (!parts) return iso || "–";
  const [, year, month, day] = parts;
  if (!month) return year!;
  // A date is one word to the eye: it does not break.
  const whole = (text: string): string => text.trim().replaceAll(" ", "\u00a0");
  if (current === "az") return whole([day ? Number(day) : "", MONTHS_AZ[Number(month) - 1], year].join(" "));
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day ?? 1)));
  const format: Intl.DateTimeFormatOptions = { year: "numeric", month: "long", timeZone: "UTC" };
  if (day) format.day = "numeric";
  return whole(new Intl.DateTimeFormat(current, format).format(date));
}

/** Return the short text of a mark on an axis of time: the year, or within years the month or the day. */
export function timeMark(ms: number): string {
  const date = new Date(ms);
  const [month, day] = [date.getUTCMonth(), date.getUTCDate()];
  if (month === 0 && day === 1) return String(date.getUTCFullYear());
  if (current === "az") return day === 1 ? SHORT_MONTHS_AZ[month]! : `${day} ${SHORT_MONTHS_AZ[month]}`;
  const parts: Intl.DateTimeFormatOptions = day === 1 ? { month: "short" } : { month: "short", day: "numeric" };
  return new Intl.DateTimeFormat(current, { ...parts, timeZone: "UTC" }).format(date);
}

/** Return a column kept in four languages, English where the language is missing. */
export function field(row: Row | undefined, stem: string): string {
  return String(row?.[`${stem}_${current}`] || row?.[`${stem}_en`] || "");
}

/** Return the name of who takes part: a country, else an organisation as it is called. */
export function partyName(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? countryName(code) : code;
}

/** Return a country's name in the reader's language: from the catalogue, else from the browser. */
export function countryName(code: string): string {
  const known = fromData(code, "country");
  if (known !== code) return known;
  try {
    return new Intl.DisplayNames([current], { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** Return a change with its sign; what is written as nothing has none. */
export function withSign(change: number | null, write: (value: number | null) => string): string {
  if (change === null) return "–";
  const text = write(Math.abs(change));
  return text === write(0) ? text : `${change < 0 ? "−" : "+"}${text}`;
}

/** Return day and month, "12 Jan" as the language writes it. */
export function dayMonth(ms: number): string {
  const date = new Date(ms);
  if (current === "az") return `${date.getUTCDate()} ${SHORT_MONTHS_AZ[date.getUTCMonth()]}`;
  return new Intl.DateTimeFormat(current, { day: "numeric", month: "short", timeZone: "UTC" }).format(date);
}

/** Return a month (1 to 12) in short. */
export function monthText(month: number): string {
  if (current === "az") return SHORT_MONTHS_AZ[month - 1] ?? "";
  return new Intl.DateTimeFormat(current, { month: "short", timeZone: "UTC" }).format(Date.UTC(2000, month - 1, 1));
}
