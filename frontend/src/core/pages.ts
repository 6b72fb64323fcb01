/** The pages of the report; a page registers itself when its module is loaded. */

import type { Doc, PartName } from "./document";

export interface Context {
  doc: Doc;
  /** Show a page; parameters that are not named are dropped, the language stays. */
  go(page: string, params?: Record<string, string>): void;
  params: URLSearchParams;
  mode: "report" | "app";
}

export interface Page {
  id: string;
  title: () => string;
  order: number;
  /** Parts of the document without which the page cannot be drawn. */
  needs?: PartName[];
  /** Draw the page; the function that is returned, if any, is called when the page goes. */
  render(root: HTMLElement, ctx: Context): void | (() => void);
}

const registered = new Map<string, Page>();

export function registerPage(p: Page): void {
  registered.set(p.id, p);
}

/** Return the pages in the order of reading. */
export function pages(): Page[] {
  return [...registered.values()].sort((a, b) => a.order - b.order);
}
