/** Overview: what was asked, what follows, how sure. */

import { chart, tooltipBox } from "../core/chart";
import { number, type Row } from "../core/document";
import { button, clear, h } from "../core/dom";
import { intervals, nameAxis } from "../core/drawing";
import { assignmentOf, bottlenecksOf } from "../core/flows";
import { kept } from "../core/kept";
import { drawBelow } from "../core/later";
import { type Context, registerPage } from "../core/pages";
import { bracketed, clauses, colon, sentences } from "../core/phrases";
import { costText, dayRange, emissionsText, itineraryColumns, legsOf, type Pair, pairName, pairsOf, TIME_PARTS } from "../core/routes";
import { dataTable, verdictMark } from "../core/table";
import { days, field, num, percent, t } from "../core/texts";
import { colours, palette } from "../core/theme";
import { demandNote, demandState, gainSentence, mainSentence } from "./flow-words";
import { cap, word } from "../core/words";

const FIRST_PAIRS = 10;

registerPage({ id: "overview", order: 10, title: () => t("Overview"), render });

function render(root: HTMLElement, ctx: Context): void {
  warnings(root, ctx);
  const pairs = pairsOf(ctx.doc);
  question(root, ctx);
  answer(root, ctx, pairs);
  sureness(root, ctx);
  pairChart(root, ctx, pairs);
}

/** What the reader must know before reading on. */
function warnings(root: HTMLElement, ctx: Context): void {
  const { complete, warnings: texts } = ctx.doc.meta;
  if (!complete)
    root.append(h("p", { class: "notice" }, t("This run is not complete: some stages are missing, and so are their pages.")));
  const problems = ctx.doc.table("problems");
  if (texts.length + problems.length === 0) return;
  const list = h("ul", {});
  for (const text of texts) list.append(h("li", {}, text));
  for (const row of problems)
    list.append(h("li", {}, sentences([`${colon(String(row.where), String(row.found))}.`, colon(t("Expected"), String(row.expected))])));
  root.append(h("details", { class: "notice" }, h("summary", {}, t("Warnings: {count}", { count: texts.length + problems.length })), list));
}

function answer(root: HTMLElement, ctx: Context, pairs: Pair[]): void {
  const card = h("section", { class: "card answer" }, h("h2", {}, t("What follows")));
  root.append(card);
  const first = pairs[0];
  const best = first?.itineraries[0];
  if (!first || !best) {
    card.append(h("p", {}, t("The run has no itineraries: the case names no pairs, or no route connects them.")));
    return;
  }
  card.append(
    h("p", {}, h("strong", {}, colon(cap(t("recommended itinerary")), pairName(ctx.doc, first)))),
    h(
      "div",
      { class: "figure-row" },
      figure(days(number(best.mean_h)), t("days"), t("mean; {range} in 8 of 10 cases", { range: dayRange(best) })),
      figure(num(number(best.cost_usd_per_teu)), t("USD/TEU"), t("cost")),
      figure(num(number(best.co2e_kg_per_teu)), t("kg CO2e/TEU"), t("emissions")),
    ),
    ...timeShares(ctx, best),
    button(t("Legs and sources"), () => ctx.go("itineraries", { pair: first.id, rank: "1" })),
  );
  card.append(...flowsAnswer(ctx));
}

/** What goes the way that the case is about, and the capacity of which more would gain most. */
function flowsAnswer(ctx: Context): HTMLElement[] {
  const main = assignmentOf(ctx.doc) ? mainSentence(ctx.doc) : "";
  if (!main) return [];
  const [most] = bottlenecksOf(ctx.doc);
  return [
    h("p", { class: "flows-answer" }, h("strong", {}, main)),
    ...(most ? [h("p", {}, gainSentence(ctx.doc, most))] : []),
    ...[demandNote(ctx.doc), demandState(ctx.doc)].filter(Boolean).map((text) => h("p", { class: "muted flows-doubt" }, text)),
    button(t("Flows and bottlenecks"), () => ctx.go("flows")),
  ];
}

function figure(value: string, unitText: string, note: string): HTMLElement {
  return h(
    "div",
    {},
    h("div", { class: "value" }, value, " ", h("small", {}, unitText)),
    h("div", { class: "muted" }, note),
  );
}

/** Show where the mean time goes: the shares of standing, waiting and moving, by name and percentage. */
function timeShares(ctx: Context, best: Row): HTMLElement[] {
  const legs = legsOf(ctx.doc, best);
  const sum = (column: string) => legs.reduce((all, leg) => all + (number(leg[column]) ?? 0), 0);
  const parts = TIME_PARTS.map((part) => ({ ...part, hours: sum(part.key) }));
  const total = parts.reduce((all, part) => all + part.hours, 0);
  if (total === 0) return [];
  const bar = h("div", { class: "share-bar", "aria-hidden": "true" });
  const key = h("ul", { class: "signs" });
  for (const part of parts) {
    const colour = palette[part.colour]!;
    const share = h("span", { class: "share" });
    share.style.flexGrow = String(part.hours / total);
    share.style.background = colour;
    bar.append(share);
    const sign = h("span", { "aria-hidden": "true" }, "■ ");
    sign.style.color = colour;
    key.append(h("li", {}, sign, `${part.title()} ${percent(part.hours / total)}`));
  }
  return [bar, key];
}

/** What was asked, in one line, so that the answer stands on the first screen. */
function question(root: HTMLElement, ctx: Context): void {
  const { meta } = ctx.doc;
  const scenario = ctx.doc.row("scenarios", meta.scenario);
  const name = field(scenario, "title") || meta.scenario || t("none: the data of the case, unchanged");
  const list = h("dl", { class: "asked" });
  const fact = (title: string, value: Node | string) => list.append(h("div", {}, h("dt", {}, cap(title)), h("dd", {}, value)));
  fact(t("scenario"), name);
  fact(t("year"), String(meta.year));
  fact(t("measures"), meta.measures.length === 0 ? t("none") : measuresTaken(ctx));
  root.append(h("section", { "aria-label": t("What was asked") }, list));
  const summary = field(scenario, "summary");
  if (summary) root.append(h("p", { class: "lead" }, summary));
}

function measuresTaken(ctx: Context): HTMLElement {
  const names = ctx.doc.meta.measures.map((id) => ctx.doc.name("measures", id));
  return h("details", {}, h("summary", {}, num(names.length)), h("ul", {}, ...names.map((name) => h("li", {}, name))));
}

function pairChart(root: HTMLElement, ctx: Context, pairs: Pair[]): void {
  if (pairs.length === 0) return;
  const place = h("div", {});
  const state = kept("overview", () => ({ all: pairs.length <= FIRST_PAIRS + 2 }));
  const draw = (): void => {
    clear(place);
    drawPairs(place, ctx, state.all ? pairs : pairs.slice(0, FIRST_PAIRS));
  };
  root.append(h("h2", {}, t("Door-to-door time of the pairs")), place);
  if (!state.all) {
    const more = button(t("Show all pairs ({count})", { count: pairs.length }), () => {
      state.all = true;
      draw();
      more.remove();
    });
    root.append(h("div", { class: "controls" }, more));
  }
  drawBelow(draw);
}

function drawPairs(place: HTMLElement, ctx: Context, pairs: Pair[]): void {
  const rows = pairs.map((pair) => ({ ...pair.itineraries[0]!, pair: pairName(ctx.doc, pair) }) as Row);
  const day = (row: Row, column: string) => (number(row[column]) ?? 0) / 24;
  const names = rows.map((row) => String(row.pair));
  const axis = nameAxis(place, names, 250);
  const drawn = chart(
    place,
    {
      grid: { left: axis.left, right: axis.narrow ? 18 : 180, top: 8, bottom: 40 },
      xAxis: { type: "value", name: t("days"), nameLocation: "middle", nameGap: 26, min: 0, axisLabel: { formatter: (v: number) => num(v) } },
      yAxis: [
        axis.axis,
        // The right edge holds the facts in figures.
        {
          type: "category",
          data: rows.map((_, i) => i),
          position: "right",
          inverse: true,
          show: !axis.narrow,
          axisLine: { show: false },
          axisTick: { show: false },
          axisLabel: { interval: 0, formatter: (_: string, i: number) => (rows[i] ? shortFacts(rows[i]) : "") },
        },
      ],
      tooltip: { trigger: "item", formatter: (p: { dataIndex: number }) => pairTip(rows[p.dataIndex]!) },
      series: [
        intervals(t("8 of 10 cases"), rows.map((row, i) => [day(row, "p10_h"), day(row, "p90_h"), i]), {
          colour: palette[5]!,
          width: 7,
          ends: false,
        }),
        {
          type: "scatter",
          name: t("mean"),
          symbolSize: 15,
          z: 4,
          itemStyle: { color: palette[0], borderColor: colours().surface, borderWidth: 2, opacity: 1 },
          data: rows.map((row, i) => [day(row, "mean_h"), i]),
        },
      ],
    },
    {
      title: t("Mean days (dot) and the range of 8 of 10 cases (bar), recommended itinerary of each pair"),
      data: rows,
      height: 60 + rows.length * axis.row,
      description: clauses(rows.map((row) => colon(String(row.pair), bracketed(days(number(row.mean_h)), dayRange(row))))),
    },
  );
  drawn.on("click", (event) => {
    const pair = event.componentType === "yAxis" ? pairs[names.indexOf(String(event.value))] : pairs[event.dataIndex];
    if (pair) ctx.go("itineraries", { pair: pair.id, rank: "1" });
  });
  pairTable(place, ctx, rows);
}

function shortFacts(row: Row): string {
  return `${days(number(row.mean_h))} ${t("days")} · ${costText(row)}`;
}

function pairTip(row: Row): HTMLElement {
  return tooltipBox(String(row.pair), [
    [t("days, mean"), days(number(row.mean_h))],
    [t("8 of 10 cases"), dayRange(row)],
    [t("cost"), costText(row)],
    [t("emissions"), emissionsText(row)],
  ]);
}

function pairTable(place: HTMLElement, ctx: Context, rows: Row[]): void {
  dataTable(
    place,
    ctx,
    rows,
    itineraryColumns("pair", "mean_h", "range", "cost_usd_per_teu", "co2e_kg_per_teu", "km", "transfers"),
    { caption: t("Recommended itineraries"), file: "karvan-recommended" },
  );
}

/** How sure: validation, where the numbers come from, and the claims. */
function sureness(root: HTMLElement, ctx: Context): void {
  const cards = h("div", { class: "grid" });
  root.append(h("h2", {}, t("How sure")), cards);
  validationCard(cards, ctx);
  numbersCard(cards, ctx);
  claimsCard(cards, ctx);
}

function validationCard(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("validation");
  const card = h("section", { class: "card" }, h("h3", {}, t("Reported facts against the model")));
  root.append(card);
  if (rows.length === 0) {
    card.append(h("p", {}, t("The run compares nothing with reported facts.")));
    return;
  }
  const lines = h("dl", { class: "counts" });
  for (const role of ["held_out", "calibration", "input"]) {
    const own = rows.filter((row) => row.role === role && number(row.modelled) !== null);
    const inside = own.filter((row) => row.verdict === "inside").length;
    if (own.length > 0) lines.append(h("dt", {}, cap(word(role))), h("dd", {}, t("{inside} of {count} inside", { inside, count: own.length })));
  }
  const missing = rows.filter((row) => number(row.modelled) === null).length;
  if (missing > 0) lines.append(h("dt", {}, cap(word("not modelled"))), h("dd", {}, num(missing)));
  card.append(
    lines,
    h("p", { class: "muted" }, t("Held-out facts were not used to build or to fit the model; they are the test.")),
    button(t("See every fact"), () => ctx.go("validation")),
  );
}

const STATUSES = ["reported", "derived", "assumed", "calibrated"] as const;

function numbersCard(root: HTMLElement, ctx: Context): void {
  const state = ctx.doc.table("evidence_state");
  const card = h("section", { class: "card" }, h("h3", {}, t("Where the numbers come from")));
  root.append(card);
  if (state.length === 0) {
    card.append(h("p", {}, t("The run holds no account of its evidence.")));
    return;
  }
  // Observations are what sources say; the other tables are what the model computes with.
  shares(card, t("Numbers the model computes with"), state.filter((row) => row.table !== "observations"));
  shares(card, t("Observations"), state.filter((row) => row.table === "observations"));
  const contradicted = state.reduce((sum, row) => sum + (number(row.contradicted) ?? 0), 0);
  if (contradicted > 0)
    card.append(h("p", {}, t("Sources contradict each other on {count} things.", { count: contradicted })));
  card.append(button(t("See the evidence"), () => ctx.go("evidence")));
}

function shares(root: HTMLElement, title: string, rows: Row[]): void {
  const counts = STATUSES.map((status) => rows.reduce((sum, row) => sum + (number(row[status]) ?? 0), 0));
  const total = counts.reduce((a, b) => a + b, 0);
  if (total === 0) return;
  const bar = h("div", { class: "share-bar", "aria-hidden": "true" });
  const parts: string[] = [];
  STATUSES.forEach((status, i) => {
    if (counts[i] === 0) return;
    const part = h("span", { class: `share status-${status}` });
    part.style.flexGrow = String(counts[i]);
    bar.append(part);
    parts.push(`${word(status)} ${percent(counts[i]! / total)}`);
  });
  root.append(h("div", { class: "shares" }, h("strong", {}, colon(title, total)), bar, h("div", { class: "muted" }, parts.join(" · "))));
}

function claimsCard(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("claims");
  if (rows.length === 0) return;
  const lines = h("dl", { class: "counts" });
  for (const verdict of ["supported", "contradicted", "no data"]) {
    const count = rows.filter((row) => row.verdict === verdict).length;
    lines.append(
      h("dt", {}, verdictMark(verdict)),
      h("dd", {}, button(num(count), () => ctx.go("claims", { verdict }), { class: "link", "aria-label": colon(word(verdict), count) })),
    );
  }
  root.append(
    h(
      "section",
      { class: "card" },
      h("h3", {}, t("Claims tested: {count}", { count: rows.length })),
      lines,
      button(t("See the claims"), () => ctx.go("claims")),
    ),
  );
}
