/** The ledger of claims: what was said, what the evidence says, and why. */

import { chart } from "../core/chart";
import { type Row, ids } from "../core/document";
import { button, h } from "../core/dom";
import { legendRows } from "../core/drawing";
import { freeText } from "../core/freetext";
import { registerPage, type Context } from "../core/pages";
import { clauses, colon, listed } from "../core/phrases";
import { rowDialog, sourceButtons } from "../core/sources";
import { dataTable, FOLDED, verdictMark } from "../core/table";
import { field, num, t } from "../core/texts";
import { colours } from "../core/theme";
import { cap, word } from "../core/words";
import { periodText } from "./periods";
import { numberText, reasonText, withUnit } from "./reasons";
import { PILLARS } from "./words";
import "./reading.css";

const VERDICTS = ["supported", "contradicted", "no data"];
const SHOWN_OBSERVATIONS = 12;
const LEGEND_ROW_PX = 22;
/** Sides of the box and of the drawing. */
const BOX_PX = 40;

registerPage({ id: "claims", title: () => t("Claims"), order: 80, needs: ["evidence"], render });

function render(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("claims");
  if (!rows.length) {
    root.append(h("p", {}, t("This case makes no claims.")));
    return;
  }
  root.append(
    h("p", { class: "lead" }, t("Each sentence of the article that can be tested, with the evidence for and against it. \"No data\" means that no independent value was found, not that the claim is wrong.")),
    h("p", { class: "verdicts" }, ...VERDICTS.map((verdict) => h("span", {}, verdictMark(verdict), ` ${num(count(rows, verdict))}`))),
  );
  summary(root, rows);
  ledger(root, ctx, rows);
}

function count(rows: Row[], verdict: string, pillar?: string): number {
  return rows.filter((row) => row.verdict === verdict && (pillar === undefined || row.pillar === pillar)).length;
}

/** Verdicts by pillar. */
function summary(root: HTMLElement, rows: Row[]): void {
  const pillars = PILLARS.filter((pillar) => rows.some((row) => row.pillar === pillar)).reverse();
  const looks: Record<string, string> = { supported: "#0072b2", contradicted: "#d55e00", "no data": "#9aa3ad" };
  const legend = LEGEND_ROW_PX * legendRows(VERDICTS.map((verdict) => cap(word(verdict))), root.clientWidth - BOX_PX);
  chart(
    root,
    {
      grid: { left: 8, right: 16, top: 10 + legend, bottom: 26, containLabel: true },
      legend: { top: 0, left: 0, itemGap: 6, itemWidth: 16 },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
      xAxis: { type: "value", minInterval: 1, name: t("claims"), nameLocation: "middle", nameGap: 26 },
      yAxis: { type: "category", data: pillars.map((pillar) => cap(word(pillar))) },
      series: VERDICTS.map((verdict) => ({
        type: "bar",
        stack: "verdicts",
        name: cap(word(verdict)),
        itemStyle: { color: looks[verdict], borderColor: colours().surface, borderWidth: 1 },
        data: pillars.map((pillar) => count(rows, verdict, pillar)),
      })),
    },
    {
      title: t("Verdicts by pillar"),
      data: pillars.map((pillar) => ({
        pillar,
        ...Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(rows, verdict, pillar)])),
      })),
      height: 56 + legend + 26 * pillars.length,
      description: clauses(VERDICTS.map((verdict) => colon(word(verdict), count(rows, verdict)))),
    },
  );
}

function ledger(root: HTMLElement, ctx: Context, rows: Row[]): void {
  const full = rows.map((row) => ({
    ...row,
    claim: field(ctx.doc.row("input_claims", String(row.claim_id)), "claim") || row.claim_id!,
    why: reasonText(ctx.doc, row),
  }));
  dataTable(
    root,
    ctx,
    full,
    [
      { key: "claim_id", title: t("row"), kind: "row", table: "input_claims", fold: 2 },
      { key: "verdict", title: t("verdict"), kind: "verdict" },
      { key: "claim", title: t("claim") },
      { key: "pillar", title: t("pillar"), kind: "word", fold: 1 },
      { key: "why", title: t("why"), fold: FOLDED },
    ],
    {
      caption: t("Ledger"),
      file: "claims",
      filter: true,
      pageSize: 60,
      choices: ["verdict", "pillar"],
      detail: (row) => evidenceOf(ctx, row),
    },
  );
}

/** What stands behind a verdict: the sentence itself, the rows it rests on, and what an analyst says. */
function evidenceOf(ctx: Context, row: Row): Node[] {
  const claim = ctx.doc.row("input_claims", String(row.claim_id));
  const quote = claim?.quote_ru ? h("blockquote", { lang: "ru" }, String(claim.quote_ru)) : null;
  return [quote, evidenceUsed(ctx, row), reading(ctx, claim)].filter((part) => part !== null);
}

function reading(ctx: Context, claim: Row | undefined): HTMLElement | null {
  if (!claim?.reading) return null;
  return h(
    "p",
    {},
    h("strong", {}, `${t("An analyst's reading:")} `),
    freeText(ctx.doc, claim.reading),
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
  const when = listed([String(row.coverage ?? ""), periodText(String(row.period ?? ""))].filter(Boolean));
  return typeof row.value === "number" ? colon(when, withUnit(numberText(row.value), of)) : when;
}
