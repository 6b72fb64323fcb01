/** Words put together by code: each language has its own colons, commas and brackets. */

import { lang, t } from "./texts";

/** Return "name: value". */
export function colon(name: string, value: string | number): string {
  return t("{name}: {value}", { name, value });
}

/** Return "text (more)". */
export function bracketed(text: string, more: string | number): string {
  return t("{text} ({more})", { text, more });
}

/** Return an enumeration: "a, b, c". */
export function listed(parts: readonly string[]): string {
  return parts.length === 0 ? "" : parts.reduce((first, second) => t("{first}, {second}", { first, second }));
}

/** Return clauses that have commas of their own: "a, b; c, d". */
export function clauses(parts: readonly string[]): string {
  return parts.length === 0 ? "" : parts.reduce((first, second) => t("{first}; {second}", { first, second }));
}

/** Return sentences one after the other; Chinese has no space between them. */
export function sentences(parts: readonly string[]): string {
  return parts.filter(Boolean).join(lang() === "zh" ? "" : " ");
}
