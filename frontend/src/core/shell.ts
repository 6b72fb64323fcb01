/** The frame around the pages: header, navigation, languages, light and dark, printing. */

import { disposeCharts } from "./chart";
import { Doc, type KarvanDocument, type PartLoader } from "./document";
import { button, clear, h, select } from "./dom";
import { type Context, type Page, pages } from "./pages";
import { PRINT_WIDTH, setPrinting } from "./printing";
import { asLang, lang, LANGS, LANGUAGE_NAMES, type Lang, setLang, setTexts, t } from "./texts";
import { onThemeChange, setTheme, startTheme, theme } from "./theme";

export interface Place {
  page: string;
  params: URLSearchParams;
}

/** Return the page and the parameters that the address names: #/page?key=value&lang=ru. */
export function readPlace(hash = window.location.hash): Place {
  const [, page = "", query = ""] = /^#\/([\w-]*)(?:\?(.*))?$/.exec(hash) ?? [];
  return { page, params: new URLSearchParams(query) };
}

/** Return the address of a page; the language is always in it, so that a link can be passed on. */
export function placeUrl(page: string, params: Record<string, string> = {}): string {
  const query = new URLSearchParams({ ...params, lang: lang() });
  return `#/${page}?${query.toString()}`;
}

/** Choose the language: the address, else the language of the page, else that of the reader. */
export function startLanguage(params: URLSearchParams): void {
  const asked = asLang(params.get("lang")) ?? asLang(document.documentElement.lang);
  const reader = navigator.languages.map(asLang).find((l) => l !== null);
  setLang(asked ?? reader ?? "en");
}

/** Return a page's context. */
export function makeContext(doc: Doc, params: URLSearchParams, mode: Context["mode"]): Context {
  const go = (page: string, more: Record<string, string> = {}): void => {
    window.location.hash = placeUrl(page, more);
  };
  return { doc, go, params, mode };
}

/** Draw a page under its title, in the report its first heading; a page that fails says so and leaves the others alone. */
export function drawPage(root: HTMLElement, page: Page, ctx: Context, title = h("h1", { tabindex: -1 }, page.title())): () => void {
  root.append(title);
  const body = h("div", { class: `page page-${page.id}` });
  root.append(body);
  const coming = ctx.doc.need(page.needs ?? []);
  if (!coming) return drawBody(body, page, ctx);
  let end: () => void = () => undefined;
  let left = false;
  const fail = (error: unknown): void => showFault(body, error);
  coming.then(() => !left && (end = drawBody(body, page, ctx)), fail);
  return () => {
    left = true;
    end();
  };
}

function drawBody(body: HTMLElement, page: Page, ctx: Context): () => void {
  try {
    return page.render(body, ctx) ?? (() => undefined);
  } catch (error) {
    showFault(body, error);
    return () => undefined;
  }
}

function showFault(body: HTMLElement, error: unknown): void {
  console.error(error);
  body.append(h("p", { class: "notice", role: "alert" }, t("This page could not be drawn: {reason}", { reason: String(error) })));
}

/** Show a document as a report in `root`; `load` gets what the first page does not need. */
export function startReport(root: HTMLElement, raw: KarvanDocument, load: PartLoader): void {
  const doc = new Doc(raw, load);
  setTexts(raw.texts);
  startTheme();
  startLanguage(readPlace().params);
  const shell = new Report(root, doc);
  window.addEventListener("hashchange", () => shell.show());
  onThemeChange(() => shell.redraw());
  shell.show();
}

class Report {
  private cleanup: () => void = () => undefined;
  private shown = "";
  private main: HTMLElement = h("main");
  private drawnLang: Lang | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly doc: Doc,
  ) {}

  /** Draw what the address names. */
  show(): void {
    const place = readPlace();
    const asked = asLang(place.params.get("lang"));
    if (asked && asked !== lang()) setLang(asked);
    const page = pages().find((p) => p.id === place.page) ?? pages()[0];
    if (!page) return;
    if (this.drawnLang !== lang()) this.frame(page.id);
    this.leave();
    this.cleanup = drawPage(this.main, page, makeContext(this.doc, place.params, "report"));
    this.mark(page);
    // A reader who follows a link lands on the new page's title; the first page takes no focus.
    if (this.shown && this.shown !== page.id) {
      window.scrollTo(0, 0);
      this.main.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    }
    this.shown = page.id;
  }

  /** Draw the same page in other colours, where the reader is. */
  redraw(): void {
    const { scrollY } = window;
    if (!this.root.classList.contains("printing")) this.show();
    window.scrollTo(0, scrollY);
  }

  private leave(): void {
    this.cleanup();
    this.cleanup = () => undefined;
    clear(this.main);
    disposeCharts();
  }

  private mark(page: Page): void {
    document.title = `${page.title()} – ${caseTitle(this.doc)}`;
    this.closeMenu();
    for (const link of this.root.querySelectorAll("nav a")) {
      if ((link as HTMLElement).dataset.page === page.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  private closeMenu(): void {
    this.root.classList.remove("menu-open");
    this.root.querySelector(".menu-button")?.setAttribute("aria-expanded", "false");
  }

  private frame(page: string): void {
    const choosing = document.activeElement?.closest(".switches .field") != null;
    this.leave();
    clear(this.root);
    this.main = h("main", { id: "main" });
    this.root.append(
      button(t("Go to the contents"), () => this.main.querySelector<HTMLElement>("h1")?.focus(), { class: "skip" }),
      this.header(),
      h("div", { class: "columns" }, navigation(page, () => this.closeMenu()), this.main),
    );
    // Who chose the language by keyboard goes on from there.
    if (choosing) this.root.querySelector<HTMLElement>(".switches select")?.focus({ preventScroll: true });
    this.drawnLang = lang();
  }

  private header(): HTMLElement {
    const menu = button(
      t("Menu"),
      () => {
        const open = this.root.classList.toggle("menu-open");
        menu.setAttribute("aria-expanded", String(open));
      },
      { class: "menu-button", "aria-expanded": "false", "aria-controls": "pages" },
    );
    return h(
      "header",
      { class: "top" },
      menu,
      h("div", { class: "case" }, h("strong", {}, caseTitle(this.doc)), h("span", { class: "muted" }, scenarioText(this.doc))),
      h("div", { class: "switches" }, languageSwitch(), themeSwitch(), button(t("Print all"), () => void this.printAll())),
    );
  }

  /** Draw all pages one after another, print them, and go back. */
  private async printAll(): Promise<void> {
    await Promise.all([this.doc.need(), this.doc.need(pages().flatMap((page) => page.needs ?? []))]);
    this.leave();
    this.root.classList.add("printing");
    this.main.style.width = `${PRINT_WIDTH}px`;
    setPrinting(true, true);
    const ends: (() => void)[] = [];
    const { params } = readPlace();
    const shown = this.shown;
    for (const page of pages()) {
      const section = h("section", { class: "print-page" });
      this.main.append(section);
      ends.push(drawPage(section, page, makeContext(this.doc, page.id === shown ? params : new URLSearchParams(), "report")));
    }
    this.cleanup = () => ends.forEach((end) => end());
    // Two frames: charts take their size in the first and are drawn in the second.
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const back = (): void => {
      this.root.classList.remove("printing");
      this.main.style.width = "";
      setPrinting(false);
      this.show();
    };
    window.addEventListener("afterprint", back, { once: true });
    window.print();
  }
}

/** Return the list of pages; choosing the page that is shown changes no address, but closes the menu. */
function navigation(current: string, chosen: () => void): HTMLElement {
  const list = h("ul", { onclick: chosen });
  for (const page of pages())
    list.append(
      h(
        "li",
        {},
        h("a", { href: placeUrl(page.id), "data-page": page.id, "aria-current": page.id === current ? "page" : null }, page.title()),
      ),
    );
  return h("nav", { id: "pages", "aria-label": t("Pages") }, list);
}

/** Return the choice of languages; the address changes, and with it the page. */
export function languageSwitch(): HTMLElement {
  const options = LANGS.map((l) => ({ value: l, text: LANGUAGE_NAMES[l] }));
  return select(t("Language"), options, lang(), (value) => {
    const { page, params } = readPlace();
    params.set("lang", value);
    window.location.hash = `#/${page}?${params.toString()}`;
  });
}

/** Return the button for light or dark. */
export function themeSwitch(): HTMLElement {
  const text = () => (theme() === "dark" ? t("Light colours") : t("Dark colours"));
  const change = button(text(), () => {
    setTheme(theme() === "dark" ? "light" : "dark");
    change.textContent = text();
  });
  return change;
}

export function caseTitle(doc: Doc): string {
  return doc.meta.title[lang()] || doc.meta.title.en || doc.meta.case;
}

/** Return scenario and year in words. */
export function scenarioText(doc: Doc): string {
  const { scenario, year } = doc.meta;
  const name = scenario ? doc.name("scenarios", scenario) : t("without a scenario");
  return `${name} · ${year}`;
}
