// The app: a header, and below it the corridor, the route planner or the comparison.
import "./app.css";

import { clear, h, select } from "../core/dom";
import { afterPaint } from "../core/later";
import { themeSwitch } from "../core/shell";
import { asLang, lang, LANGS, LANGUAGE_NAMES, setLang, setTexts, t, type Lang } from "../core/texts";
import { startTheme } from "../core/theme";
import { getCase, getFinished, type CaseInfo } from "./api";
import { compareView } from "./compare";
import { faultBox } from "./faults";
import { pairFigures } from "./figures";
import { said } from "./labels";
import { isReportPage } from "./pageplace";
import { planner } from "./planner";
import { Runs } from "./runs";
import { FIRST_PAGE, plainQuestion, readState, writeState, type AppState, type Question } from "./state";
import { MAP_VIEW, type Shell, type View } from "./view";
import { workspace } from "./workspace";

type ViewName = "corridor" | "plan" | "compare";

export function startApp(root: HTMLElement): void {
  startTheme();
  setLang(addressLanguage() ?? navigator.languages.map(asLang).find((l) => l !== null) ?? "en");
  root.classList.add("app");
  void open(root);
}

async function open(root: HTMLElement): Promise<void> {
  // Until the case is here the page shows what the server wrote into it.
  try {
    new App(root, await getCase(lang())).start();
  } catch (fault) {
    root.replaceChildren(h("main", {}, h("h1", {}, "Karvan"), faultBox(fault, () => void open(root))));
  }
}

function addressLanguage(): Lang | null {
  return asLang(new URLSearchParams(window.location.hash.split("?")[1] ?? "").get("lang"));
}

class App implements Shell {
  readonly runs: Runs;
  private now: AppState;
  private view: View | null = null;
  private viewName: ViewName | null = null;
  private main = h("main", { id: "main", tabindex: -1 });
  private links = new Map<ViewName, HTMLElement>();
  private prepared = false;
  /** Translations that were fetched; English needs none. */
  private texts: Partial<Record<Lang, Record<string, string>>>;

  constructor(
    private readonly root: HTMLElement,
    readonly info: CaseInfo,
  ) {
    this.runs = new Runs(info);
    this.texts = { en: {}, ...info.texts };
    setTexts(this.texts);
    this.now = readState(info, window.location.hash, null);
  }

  start(): void {
    this.build();
    window.addEventListener("hashchange", () => {
      const before = this.now;
      this.now = readState(this.info, window.location.hash, before);
      this.arrive();
    });
    this.arrive();
  }

  state(): AppState {
    return this.now;
  }

  go(state: AppState): void {
    const from = performance.now();
    const address = writeState(this.info, state);
    if (address === window.location.hash) return;
    history.pushState(null, "", address);
    this.now = readState(this.info, address, state);
    // Asked first, so that it ends with the first frame and not with what is drawn below the screen after it.
    measureUntilPainted("karvan-switch", from);
    this.arrive();
  }

  href(state: AppState): string {
    return writeState(this.info, state);
  }

  keep(name: string, value: string | null): void {
    if (value === null) this.now.params.delete(name);
    else this.now.params.set(name, value);
    history.replaceState(null, "", writeState(this.info, this.now));
  }

  /**
   * Fetch the other scenarios while nothing else is to do, so that switching to them takes no time.
   *
   * Only those that the server has computed: a simulation that nobody asked for would stand in the way of one that somebody waits for.
   */
  settled(): void {
    if (this.prepared) return;
    this.prepared = true;
    getFinished().then((finished) => {
      const name = (scenario: string, year: number, measures: readonly string[]): string => [scenario, year, ...[...measures].sort()].join(" ");
      const known = new Set(finished.map(({ scenario, year, measures }) => name(scenario, year, measures)));
      const computed = this.info.scenarios.filter(({ id, year, measures }) => known.has(name(id, year, measures)));
      this.prepare(computed.map(({ id }) => plainQuestion(this.info, id)));
    }, () => undefined);
  }

  private prepare(questions: Question[]): void {
    const next = (): void => {
      const question = questions.shift();
      if (!question) return;
      const go = (): void => {
        this.runs.quietly(question).then(({ doc }) => {
          pairFigures(doc); // its rows are made now, not when the reader switches
          doc.table("legs");
          doc.table("bottlenecks");
          doc.need()?.catch(() => undefined);
          next();
        }, () => undefined);
      };
      if ("requestIdleCallback" in window) window.requestIdleCallback(go, { timeout: 2000 });
      else go();
    };
    next();
  }

  /** Show what the address says. */
  private arrive(): void {
    const wanted = addressLanguage();
    if (wanted && !this.texts[wanted]) {
      void this.fetchTexts(wanted).then(() => this.arrive());
      return;
    }
    if (wanted && wanted !== lang()) {
      setLang(wanted);
      this.build();
    }
    // An address that says less than is shown (the first one, a link inside a page) is filled in.
    this.now.params.set("lang", lang());
    const full = writeState(this.info, this.now);
    if (window.location.hash !== full) history.replaceState(null, "", full);
    const name = viewOf(this.now.page);
    if (name !== this.viewName) this.open(name);
    const params = new URLSearchParams(this.now.params);
    params.delete(MAP_VIEW); // each view has its own map
    for (const [id, link] of this.links) {
      link.setAttribute("href", this.href({ ...this.now, page: pageOf(id, this.now), params }));
      if (id === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.view?.show(this.now);
    document.title = `${said(this.info.title)} – Karvan`;
  }

  private async fetchTexts(wanted: Lang): Promise<void> {
    const found = await getCase(wanted).catch(() => null);
    // Without its server the app goes on in English.
    this.texts = { ...this.texts, [wanted]: found?.texts[wanted as "ru"] ?? {} };
    setTexts(this.texts);
  }

  private open(name: ViewName): void {
    this.view?.destroy();
    clear(this.main);
    this.viewName = name;
    const make = { corridor: workspace, plan: planner, compare: compareView }[name];
    this.view = make(this.main, this);
  }

  private build(): void {
    this.view?.destroy();
    this.view = null;
    this.viewName = null;
    this.main = h("main", { id: "main", tabindex: -1 });
    const skip = h("a", { class: "skip", href: "#main", onclick: (event: Event) => this.skip(event) }, t("Skip to the content"));
    this.root.replaceChildren(skip, this.header(), this.main);
  }

  private skip(event: Event): void {
    event.preventDefault(); // the hash is the state of the app
    this.main.focus();
  }

  private header(): HTMLElement {
    const names: [ViewName, string][] = [
      ["corridor", t("Corridor")],
      ["plan", t("Route planner")],
      ["compare", t("Compare")],
    ];
    this.links = new Map(names.map(([id, text]) => [id, h("a", {}, text)]));
    const languages = LANGS.map((code) => ({ value: code, text: LANGUAGE_NAMES[code] }));
    return h(
      "header",
      { class: "app-header" },
      h("div", { class: "app-brand" }, h("strong", {}, "Karvan"), h("span", {}, said(this.info.title))),
      h("nav", { class: "app-nav", "aria-label": t("Parts of the app") }, ...this.links.values()),
      h(
        "div",
        { class: "app-settings" },
        select(t("Language"), languages, lang(), (code) => this.changeLanguage(code)),
        themeSwitch(),
      ),
    );
  }

  private changeLanguage(code: string): void {
    const params = new URLSearchParams(this.now.params);
    params.set("lang", code);
    const { scrollY } = window;
    this.go({ ...this.now, params });
    window.scrollTo(0, scrollY);
    this.root.querySelector<HTMLElement>(".app-settings select")?.focus({ preventScroll: true });
  }
}

function viewOf(page: string): ViewName {
  return page === "plan" || page === "compare" ? page : "corridor";
}

function pageOf(view: ViewName, now: AppState): string {
  if (view !== "corridor") return view;
  return isReportPage(now.page) ? now.page : FIRST_PAGE;
}

/** The time from a click to the picture, for whoever measures (Performance API). */
function measureUntilPainted(name: string, start: number): void {
  afterPaint(() => performance.measure(name, { start, end: performance.now() }));
}
