// The report's pages below the map: navigation and the page, redrawn without moving the reader.
import { disposeCharts } from "../core/chart";
import { clear, h } from "../core/dom";
import { pages, type Context, type Page } from "../core/pages";
import { drawPage } from "../core/shell";
import { t } from "../core/texts";

export interface PagePlace {
  element: HTMLElement;
  show(page: string, ctx: Context, href: (page: string) => string): void;
}

export function isReportPage(id: string): boolean {
  return pages().some((page) => page.id === id);
}

export function pagePlace(): PagePlace {
  const nav = h("nav", { class: "app-tabs", "aria-label": t("Pages of the results") });
  const body = h("div", { class: "app-page" });
  let cleanup = (): void => undefined;
  const element = h("section", { class: "app-results", hidden: true, "aria-label": t("Results in full") }, nav, body);
  return {
    element,
    show(id, ctx, href) {
      element.hidden = false;
      const all = pages();
      const page = all.find((one) => one.id === id) ?? all[0];
      showTabs(nav, all, page, href);
      if (!page) return;
      holdStill(body, ctx.doc.need(page.needs ?? []), () => {
        cleanup();
        clear(body);
        disposeCharts();
        cleanup = drawPage(body, page, ctx, h("h2", { class: "app-page-title" }, page.title()));
      });
    },
  };
}

function showTabs(nav: HTMLElement, all: Page[], now: Page | undefined, href: (page: string) => string): void {
  // The links are kept, so that a focused one stays focused.
  if (nav.childElementCount !== all.length) {
    nav.replaceChildren(...all.map((page) => h("a", { "data-page": page.id }, page.title())));
  }
  for (const link of nav.querySelectorAll("a")) {
    link.setAttribute("href", href(link.dataset["page"] ?? ""));
    if (link.dataset["page"] === now?.id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Draw anew without a jump: the place keeps its height until what it waits for is there, the window its position. */
function holdStill(body: HTMLElement, coming: Promise<void> | null, draw: () => void): void {
  const { scrollX, scrollY } = window;
  body.style.minHeight = `${body.offsetHeight}px`;
  draw();
  window.scrollTo(scrollX, scrollY);
  const free = (): void => void requestAnimationFrame(() => requestAnimationFrame(() => (body.style.minHeight = "")));
  if (coming) coming.then(free, free);
  else free();
}
