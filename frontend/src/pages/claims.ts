/** The ledger of claims: what was said, what the evidence says, and why. */

import { type Row, ids } from "../core/document";
import { button, clear, h, select } from "../core/dom";
import { chart } from "../core/chart";
import { registerPage, type Context } from "../core/pages";
import { rowDialog, sourceButtons } from "../core/sources";
import { dataTable, verdictMark } from "../core/table";
import { field, fromData, num, t } from "../core/texts";
import { theme } from "../core/theme";
import { cap, word } from "../core/words";
import { numberText, periodText, reasonText, withUnit } from "./reasons";
import { PILLARS, pillarTitle } from "./words";
import "./reading.css";

const VERDICTS = ["supported", "contradicted", "no data"];
const SHOWN_OBSERVATIONS = 12;

interface Choice {
  verdict: string;
  pillar: string;
}

registerPage({ id: "claims", title: () => t("Claims"), order: 80, render });

function render(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("claims");
  if (!rows.length) {
    root.append(h("p", {}, t("This case makes no claims.")));
    return;
  }
  const asked = ctx.params.get("verdict") ?? "";
  const choice: Choice = { verdict: VERDICTS.includes(asked) ? asked : "", pillar: "" };
  root.append(
    h("p", { class: "lead" }, t("Each sentence of the article that can be tested, with the evidence for and against it. \"No data\" means that no independent value was found, not that the claim is wrong.")),
  );
  summary(root, rows);
  const filters = h("div", { class: "filters", role: "group", "aria-label": t("verdict") });
  const ledger = h("div", {});
  const show = (): void => {
    clear(filters);
    filters.append(...verdictFilters(rows, choice, show));
    clear(ledger);
    const kept = rows.filter((row) => passes(row, choice));
    for (const row of kept) ledger.append(entry(ctx, row));
    if (!kept.length) ledger.append(h("p", { class: "muted" }, t("No rows.")));
  };
  root.append(h("h2", {}, t("Ledger")), h("div", { class: "reading-tools" }, filters, pillarChoice(rows, choice, show)), ledger);
  show();
  ledgerTable(root, ctx, rows);
}

function passes(row: Row, choice: Choice): boolean {
  return (
    (!choice.verdict || row.verdict === choice.verdict) &&
    (!choice.pillar || row.pillar === choice.pillar)
  );
}

function verdictFilters(rows: Row[], choice: Choice, show: () => void): HTMLElement[] {
  return ["", ...VERDICTS].map((verdict) => {
    const count = rows.filter((row) => passes(row, { ...choice, verdict })).length;
    const name = verdict ? cap(word(verdict)) : t("All");
    return button(
      `${name} (${num(count)})`,
      () => {
        choice.verdict = verdict;
        show();
      },
      { "aria-pressed": String(choice.verdict === verdict) },
    );
  });
}

function pillarChoice(rows: Row[], choice: Choice, show: () => void): HTMLElement {
  const present = PILLARS.filter((pillar) => rows.some((row) => row.pillar === pillar));
  const options = [
    { value: "", text: t("All") },
    ...present.map((pillar) => ({ value: pillar, text: pillarTitle(pillar) })),
  ];
  return select(t("Pillar"), options, choice.pillar, (value) => {
    choice.pillar = value;
    show();
  });
}

/** Verdicts by pillar. */
function summary(root: HTMLElement, rows: Row[]): void {
  const pillars = PILLARS.filter((pillar) => rows.some((row) => row.pillar === pillar)).reverse();
  const count = (pillar: string, verdict: string): number =>
    rows.filter((row) => row.pillar === pillar && row.verdict === verdict).length;
  const colours: Record<string, string> = { supported: "#0072b2", contradicted: "#d55e00", "no data": "#9aa3ad" };
  const light = theme() === "light";
  chart(
    root,
    {
      grid: { left: 8, right: 16, top: 34, bottom: 8, containLabel: true },
      legend: { type: "scroll", top: 0, left: 0 },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
      xAxis: { type: "value", minInterval: 1 },
      yAxis: { type: "category", data: pillars.map((pillar) => cap(word(pillar))) },
      series: VERDICTS.map((verdict) => ({
        type: "bar",
        stack: "verdicts",
        name: cap(word(verdict)),
        itemStyle: { color: colours[verdict], borderColor: light ? "#ffffff" : "#1a2027", borderWidth: 1 },
        data: pillars.map((pillar) => count(pillar, verdict)),
      })),
    },
    {
      title: t("Verdicts by pillar"),
      data: pillars.map((pillar) => ({
        pillar,
        ...Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(pillar, verdict)])),
      })),
      height: 60 + 30 * pillars.length,
      description: VERDICTS.map(
        (verdict) => `${word(verdict)}: ${num(rows.filter((row) => row.verdict === verdict).length)}`,
      ).join("; "),
    },
  );
}

function entry(ctx: Context, row: Row): HTMLElement {
  const id = String(row.claim_id);
  const claim = ctx.doc.row("input_claims", id);
  return h(
    "article",
    { class: "claim", id: `claim-${id}` },
    h(
      "div",
      { class: "claim-head" },
      verdictMark(String(row.verdict)),
      h("span", { class: "muted" }, pillarTitle(String(row.pillar))),
      button(id, () => rowDialog(ctx, "input_claims", id), { class: "link", "aria-haspopup": "dialog" }),
    ),
    h("h3", {}, field(claim, "claim") || id),
    claim?.quote_ru ? h("blockquote", { lang: "ru" }, String(claim.quote_ru)) : null,
    h("p", {}, h("strong", {}, `${t("Why:")} `), reasonText(ctx.doc, row)),
    evidenceUsed(ctx, row),
    reading(ctx, claim),
  );
}

function reading(ctx: Context, claim: Row | undefined): HTMLElement | null {
  if (!claim?.reading) return null;
  const english = String(claim.reading);
  const text = fromData(english);
  return h(
    "p",
    {},
    h("strong", {}, `${t("An analyst's reading:")} `),
    h("span", { lang: text === english ? "en" : null }, text),
    " ",
    claim.source_id ? sourceButtons(ctx, String(claim.source_id)) : null,
  );
}

/** The observations and the event that the verdict rests on, each a way to its row. */
function evidenceUsed(ctx: Context, row: Row): HTMLElement | null {
  const used = ids(row.observation_ids);
  if (!used.length && !row.event_id) return null;
  const line = h("p", { class: "filters" }, h("strong", {}, t("Evidence:")));
  const more = (id: string, table: string, text: string): HTMLElement =>
    button(text, () => rowDialog(ctx, table, id), { class: "link", "aria-haspopup": "dialog" });
  if (row.event_id) {
    const id = String(row.event_id);
    line.append(more(id, "input_events", ctx.doc.name("input_events", id)));
  }
  for (const id of used.slice(0, SHOWN_OBSERVATIONS)) line.append(more(id, "input_observations", observationName(ctx, id)));
  const hidden = used.length - SHOWN_OBSERVATIONS;
  if (hidden > 0) line.append(h("span", { class: "muted" }, t("and {count} more", { count: hidden })));
  const series = String(ctx.doc.row("input_observations", used[0] ?? "")?.series_id ?? "");
  if (series) line.append(button(t("Show the series"), () => ctx.go("evidence", { series }), { class: "link" }));
  return line;
}

/** "2021: 1,780,000,000 USD", with the part it covers where there is one. */
function observationName(ctx: Context, id: string): string {
  const row = ctx.doc.row("input_observations", id);
  if (!row) return id;
  const of = String(ctx.doc.row("input_series", String(row.series_id))?.unit ?? "");
  const when = [row.coverage, periodText(String(row.period ?? ""))].filter(Boolean).join(", ");
  return typeof row.value === "number" ? `${when}: ${withUnit(numberText(row.value), of)}` : when;
}

function ledgerTable(root: HTMLElement, ctx: Context, rows: Row[]): void {
  const full = rows.map((row) => ({
    ...row,
    claim: field(ctx.doc.row("input_claims", String(row.claim_id)), "claim"),
    why: reasonText(ctx.doc, row),
  }));
  dataTable(
    root,
    ctx,
    full,
    [
      { key: "claim_id", title: t("row"), kind: "row", table: "input_claims" },
      { key: "claim", title: t("claim") },
      { key: "pillar", title: t("pillar"), kind: "word" },
      { key: "verdict", title: t("verdict"), kind: "verdict" },
      { key: "why", title: t("why") },
    ],
    { caption: t("The ledger as a table"), file: "claims", filter: true, pageSize: 10 },
  );
}
