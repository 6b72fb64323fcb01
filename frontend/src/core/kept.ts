/** What a reader has typed or chosen on a page, kept while the page is drawn anew. */

const all = new Map<string, object>();

/**
 * Return the state of a part of a page; the same object whenever the page is drawn again, in
 * other colours, in another language or after a visit elsewhere.
 */
export function kept<T extends object>(part: string, fresh: () => T): T {
  const known = all.get(part);
  if (known) return known as T;
  const made = fresh();
  all.set(part, made);
  return made;
}

/** Change one parameter of the address without drawing the page anew; null takes it out. */
export function keepInAddress(name: string, value: string | null): void {
  const [page = "", query = ""] = location.hash.split("?");
  const params = new URLSearchParams(query);
  if (value === null) params.delete(name);
  else params.set(name, value);
  history.replaceState(null, "", `${page}?${params.toString()}`);
}
