// Two runs side by side: headline differences, changed pairs, both maps, and what changed in the tables.
import { number, type Doc, type Row } from "../core/document";
import { add, clear, h, select } from "../core/dom";
import { resourceName } from "../core/flows";
import { bracketed } from "../core/phrases";
import { itineraryColumns, shortPlace } from "../core/routes";
import { dataTable, FOLDED, type Column } from "../core/table";
import { days, fromData, num, t, withSign } from "../core/texts";
import { cap, unit, word } from "../core/words";
import { tableWord } from "../pages/words";
import { allPairs, changeMark, EMISSIONS, FREIGHT, signedColumn, TIME, type Quantity } from "./changes";
import { cancelRun, getComparison, type ComparisonInfo, type RunInfo } from "./api";
import { compareFlows } from "./compare-flows";
import { compareScores } from "./compare-scores";
import { compareSimulation } from "./compare-simulation";
import { corridorMap, type CorridorMap } from "./corridormap";
import { shareButton } from "./downloads";
import { faultBox, isAbort } from "./faults";
import { difference, differs, pairChanges } from "./figures";
import { card } from "./headline";
import { questionTitle } from "./labels";
import { progress } from "./progress";
import type { Loaded } from "./runs";
import {
  baseScenario,
  isChanged,
  plainQuestion,
  questionFromText,
  questionText,
  type AppState,
  type Question,
} from "./state";
import { contextOf, type Shell, type View } from "./view";

export function compareView(root: HTMLElement, shell: Shell): View {
  return new Compare(root, shell);
}

class Compare implements View {
  private readonly pickers = h("div", { class: "app-plan-row" });
  private readonly progress = progress(() => this.cancel());
  private readonly fault = h("div", {});
  private readonly figures = h("section", { "aria-label": t("Differences") });
  private readonly pairs = h("section", { "aria-label": t("Pairs") });
  private readonly mapRow = h("div", { class: "app-maps" });
  private readonly flows = h("section", { "aria-label": t("Flows") });
  private readonly scores = h("section", { "aria-label": t("Five pillars") });
  private readonly simulation = h("section", { "aria-label": t("The corridor in motion") });
  private readonly tables = h("section", { "aria-label": t("Changes in the tables") });
  private maps: CorridorMap[] = [];
  private state: AppState;
  private shown = "";
  private drawnDocs = "";
  private asking: AbortController | null = null;
  private runId = "";

  constructor(
    root: HTMLElement,
    private readonly shell: Shell,
  ) {
    this.state = shell.state();
    const line = h("div", { class: "app-title-line" }, h("h1", { class: "app-title" }, t("Compare two scenarios")), shareButton());
    add(root, line, this.pickers, this.progress.element, this.fault, this.figures, this.mapRow, this.flows, this.simulation, this.scores, this.pairs, this.tables);
  }

  show(state: AppState): void {
    this.state = state;
    const [a, b] = this.questions();
    this.drawPickers(a, b);
    const key = [a, b].map((one) => questionText(this.shell.info, one)).join(" ");
    if (key === this.shown) return;
    this.shown = key;
    void this.load(a, b);
  }

  destroy(): void {
    this.asking?.abort();
    for (const map of this.maps) map.destroy();
  }

  /** What is compared: as the address says, else the base scenario with what the reader looks at. */
  private questions(): [Question, Question] {
    const { info } = this.shell;
    const { params, question } = this.state;
    const read = (key: string): Question | undefined => questionFromText(info, params.get(key) ?? "");
    const base = plainQuestion(info, baseScenario(info));
    const same = questionText(info, question) === questionText(info, base);
    const last = info.scenarios.map(({ id }) => id).find((id) => id !== base.scenario) ?? base.scenario;
    const b = read("b") ?? (same ? plainQuestion(info, last) : question);
    const a = read("a") ?? (isChanged(info, b) ? plainQuestion(info, b.scenario) : base);
    return [a, b];
  }

  private drawPickers(a: Question, b: Question): void {
    const { info } = this.shell;
    const focused = [...this.pickers.querySelectorAll("select")].findIndex((box) => box === document.activeElement);
    const questions = [...info.scenarios.map(({ id }) => plainQuestion(info, id)), this.state.question, a, b];
    const options = new Map(questions.map((one) => [questionText(info, one), this.title(one)]));
    const list = [...options].map(([value, text]) => ({ value, text }));
    const picker = (label: string, key: string, now: Question): HTMLElement =>
      select(label, list, questionText(info, now), (value) => this.choose({ a, b, [key]: questionFromText(info, value) }));
    const swap = h("button", { type: "button", onclick: () => this.choose({ a: b, b: a }) }, t("Swap"));
    this.pickers.replaceChildren(picker(t("Before"), "a", a), swap, picker(t("After"), "b", b));
    if (focused >= 0) this.pickers.querySelectorAll("select")[focused]?.focus({ preventScroll: true });
  }

  private choose(questions: Record<string, Question | undefined>): void {
    const params = new URLSearchParams(this.state.params);
    for (const [key, question] of Object.entries(questions)) {
      if (question) params.set(key, questionText(this.shell.info, question));
    }
    this.shell.go({ ...this.state, params });
  }

  private title(question: Question): string {
    return questionTitle(this.shell.info, question);
  }

  private async load(a: Question, b: Question): Promise<void> {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.fault.replaceChildren();
    const tell = (run: RunInfo): void => {
      this.runId = run.id;
      if (run.state !== "done" && this.asking === asking) this.progress.show(run);
    };
    try {
      const before = await this.shell.runs.load(a, { signal: asking.signal, tell });
      const after = await this.shell.runs.load(b, { signal: asking.signal, tell });
      if (this.asking !== asking) return;
      this.progress.hide();
      this.draw(before, after);
      const parts = [after.doc.need(), ...[before, after].map(({ doc }) => doc.need(["simulation", "details"]))];
      const [found] = await Promise.all([getComparison(before.id, after.id, asking.signal), ...parts]);
      if (this.asking !== asking) return;
      const ctx = contextOf(this.shell, after.doc);
      compareSimulation(this.simulation, ctx, before.doc, after.doc, found.journeys);
      compareScores(this.scores, ctx, found.scores);
      this.drawTables(found, after);
    } catch (fault) {
      if (isAbort(fault) || this.asking !== asking) return;
      this.progress.hide();
      this.shown = "";
      this.fault.replaceChildren(faultBox(fault, () => this.show(this.state)));
    }
  }

  private cancel(): void {
    this.asking?.abort();
    this.asking = null;
    this.progress.hide();
    this.shown = "";
    if (this.runId) cancelRun(this.runId).catch(() => undefined);
    this.fault.replaceChildren(faultBox(new Error(t("The run was cancelled.")), () => this.show(this.state)));
  }

  // Showing

  private draw(before: Loaded, after: Loaded): void {
    const pairs = pairChanges(after.doc, before.doc);
    const changed = pairs.filter(({ now, then }) => differs(now, then));
    this.drawFigures(before, after);
    this.drawMaps([before, after], changed[0]?.id ?? pairs[0]?.id ?? "");
    compareFlows(this.flows, contextOf(this.shell, after.doc), before.doc, after.doc);
    this.drawPairs(before, after);
    clear(this.scores);
    clear(this.simulation);
    clear(this.tables);
  }

  private drawFigures(before: Loaded, after: Loaded): void {
    const all = allPairs(after.doc, before.doc);
    const mark = (quantity: Quantity): HTMLElement => changeMark(quantity, all.median(quantity));
    const cards = [
      card(t("Pairs with other figures"), all.changedText),
      card(t("Time, median change"), mark(TIME)),
      card(t("Freight per TEU, median change"), mark(FREIGHT)),
      card(t("CO2e per TEU, median change"), mark(EMISSIONS)),
    ];
    this.figures.replaceChildren(h("ul", { class: "app-cards" }, ...cards));
  }

  private drawMaps(both: Loaded[], pair: string): void {
    const docs = both.map((one) => one.id).join(" ");
    if (docs === this.drawnDocs) return;
    this.drawnDocs = docs;
    for (const map of this.maps) map.destroy();
    clear(this.mapRow);
    this.maps = both.map((loaded) => {
      const place = h("section", { "aria-label": this.title(loaded.question) }, h("h2", {}, this.title(loaded.question)));
      this.mapRow.append(place);
      const map = corridorMap(place, this.shell, "compare");
      map.show(contextOf(this.shell, loaded.doc), pair);
      return map;
    });
  }

  private drawPairs(before: Loaded, after: Loaded): void {
    clear(this.pairs);
    const figures = itineraryColumns("mean_h", "cost_usd_per_teu", "co2e_kg_per_teu");
    const changed = pairChanges(after.doc, before.doc).filter(({ now, then }) => differs(now, then));
    const rows = changed.map(({ name, now, then }) => {
      const row: Row = { pair: name, way: wayText(now, then) };
      for (const { key } of figures) {
        row[`${key}_before`] = number(then?.[key]);
        row[`${key}_after`] = number(now?.[key]);
        row[`${key}_change`] = difference(now, then, key);
      }
      return row;
    });
    const columns: Column[] = [
      { key: "pair", title: t("Pair") },
      ...figures.flatMap(({ key, title, kind, fold }) => [
        { key: `${key}_before`, title: t("before: {figure}", { figure: title }), kind, fold },
        { key: `${key}_after`, title: t("after: {figure}", { figure: title }), kind, fold },
        { key: `${key}_change`, title: t("change: {figure}", { figure: title }), kind, fold, text: changeText(`${key}_change`, kind) },
      ]),
      { key: "way", title: t("Way") },
    ];
    if (rows.length) {
      const caption = t("Pairs whose figures differ");
      dataTable(this.pairs, contextOf(this.shell, after.doc), rows, columns, { caption, file: "compared-pairs", filter: true, pageSize: 40 });
    } else {
      add(this.pairs, h("p", { class: "app-nothing" }, t("No pair differs between the two.")));
    }
  }

  private drawTables(found: ComparisonInfo, after: Loaded): void {
    clear(this.tables);
    if (!found.cells.length) return;
    const rows: Row[] = found.cells.map(({ table, key, column, unit: of, before, after: now }) => ({
      table: cap(tableWord(table)),
      row: key.map((id, i) => (i === 0 ? rowName(after.doc, table, String(id)) : String(id))).join(" / "),
      column: columnText(after.doc, table, column),
      id: `${table.replace(/^input_/, "")}.${key.join(".")}.${column}`,
      before: cellText(before),
      after: cellText(now),
      unit: unit(of),
    }));
    add(this.tables, h("h2", {}, t("What changed in the tables")));
    add(
      this.tables,
      h("p", {}, t("Causes first: the cells of the inputs that differ, then what follows from them. Shown: {shown} of {all}.", {
        shown: found.cells.length,
        all: found.total_cells,
      })),
    );
    const columns: Column[] = [
      { key: "table", title: t("Table") },
      { key: "row", title: t("Row") },
      { key: "column", title: t("Column") },
      { key: "before", title: t("Before") },
      { key: "after", title: t("After") },
      { key: "unit", title: t("Unit") },
      { key: "id", title: t("row"), fold: FOLDED },
    ];
    const caption = t("Cells that differ");
    dataTable(this.tables, contextOf(this.shell, after.doc), rows, columns, { caption, file: "compared-cells", filter: true, pageSize: 20 });
  }
}

/** Differences of a column have their sign; hours of the tables are days on the pages. */
function changeText(key: string, kind: Column["kind"]): (row: Row) => string {
  return kind === "days" ? (row) => withSign(number(row[key]), days) : signedColumn(key);
}

function wayText(now: Row | undefined, then: Row | undefined): string {
  if (!now) return t("no route");
  return then && then["nodes"] === now["nodes"] ? t("same way") : t("another way");
}

function rowName(doc: Doc, table: string, id: string): string {
  if (table === "input_links") return resourceName(doc, { kind: "link", id });
  const transfer = table === "input_transfers" ? doc.row(table, id) : undefined;
  return transfer?.node ? transferName(doc, transfer) : doc.name(table, id);
}

/** A transfer has no name: it is known by its place and what it joins, as in the terminal. */
function transferName(doc: Doc, row: Row): string {
  const modes = [row.from_mode, row.to_mode].filter(Boolean).map((mode) => word(mode));
  return bracketed(shortPlace(doc, String(row.node)), modes.join(" → ") || word(row.kind));
}

/** What a column holds, in words. */
function columnText(doc: Doc, table: string, name: string): string {
  const found = doc.columns(table).find((column) => column.name === name);
  return found ? fromData(found.description) : name;
}

const DIGITS = 3;

function cellText(cell: string | number | boolean | null): string {
  if (cell === null) return "–";
  if (typeof cell === "number") return num(cell, Math.min(DIGITS, (String(cell).split(".")[1] ?? "").length));
  return typeof cell === "boolean" ? (cell ? t("yes") : t("no")) : cell;
}
