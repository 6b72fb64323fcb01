/** Scores of a pair and ranks of all pairs, each with its interval and its coverage. */

import { chart, tooltipBox } from "../core/chart";
import { number, type Row } from "../core/document";
import { h } from "../core/dom";
import { intervals, nameAxis } from "../core/drawing";
import type { Context } from "../core/pages";
import { bracketed, clauses, colon, listed } from "../core/phrases";
import { num, t } from "../core/texts";
import { palette } from "../core/theme";

const LEVELS = ["index", "pillar"];

/** Draw index and pillars of a pair; what has no score is listed with the reason. */
export function scoreChart(root: HTMLElement, ctx: Context, unit: string): void {
  const all = ctx.doc.table("scores").filter((row) => row.unit_id === unit && LEVELS.includes(String(row.level)));
  const rows = all.filter((row) => number(row.score) !== null);
  const title = colon(t("Scores"), ctx.doc.name("input_units", unit));
  if (rows.length > 0) dots(root, ctx, rows, title, "score", "element_id", "input_indicators");
  missing(root, ctx, all, (row) => ctx.doc.name("input_indicators", String(row.element_id)));
}

/** Draw the ranks of all pairs in a pillar or the index. */
export function rankChart(root: HTMLElement, ctx: Context, element: string): void {
  const all = ctx.doc.table("scores").filter((row) => row.element_id === element);
  const rows = all.filter((row) => number(row.rank) !== null).sort((a, b) => Number(a.rank) - Number(b.rank));
  const title = colon(t("Ranks"), ctx.doc.name("input_indicators", element));
  if (rows.length > 0) dots(root, ctx, rows, title, "rank", "unit_id", "input_units");
  missing(root, ctx, all.filter((row) => number(row.rank) === null), (row) => ctx.doc.name("input_units", String(row.unit_id)));
}

type Kind = "score" | "rank";

function dots(root: HTMLElement, ctx: Context, rows: Row[], title: string, kind: Kind, key: string, table: string): void {
  const name = (row: Row): string => bracketed(ctx.doc.name(table, String(row[key])), listed([num(number(row[kind])), indicatorsText(row)]));
  const names = nameAxis(root, rows.map(name), 360);
  const most = kind === "rank" ? Math.max(...rows.map((row) => number(row.ranked) ?? 1)) : 100;
  const ends = rows.map((row, i) => [number(row[`${kind}_low`]) ?? NaN, number(row[`${kind}_high`]) ?? NaN, i]);
  chart(
    root,
    {
      grid: { left: names.left, right: 24, top: 8, bottom: 44 },
      xAxis: {
        type: "value",
        min: kind === "rank" ? 1 : 0,
        max: most,
        interval: kind === "rank" ? 1 : 20,
        name: kind === "rank" ? t("rank") : t("score"),
        nameLocation: "middle",
        nameGap: 28,
        ...(kind === "rank" ? { inverse: true } : {}),
      },
      yAxis: names.axis,
      tooltip: { trigger: "item", formatter: (p: { data: [number, number] }) => tip(ctx, rows[p.data[1]]!, key, table) },
      series: [
        intervals(t("interval"), ends, { colour: palette[0]!, width: 1.5, ends: true, z: 3 }),
        { type: "scatter", name: t("score"), z: 5, symbolSize: 11, itemStyle: { color: palette[0] }, data: rows.map((row, i) => [number(row[kind]) ?? NaN, i]) },
      ],
    },
    {
      title,
      data: rows.map((row) => ({ name: ctx.doc.name(table, String(row[key])), ...row })),
      height: 66 + rows.length * names.row,
      description: clauses(rows.map((row) => colon(name(row), `${num(number(row[`${kind}_low`]))}–${num(number(row[`${kind}_high`]))}`))),
    },
  );
}

function tip(ctx: Context, row: Row, key: string, table: string): HTMLElement {
  const span = (kind: Kind): string => `${num(number(row[`${kind}_low`]))}–${num(number(row[`${kind}_high`]))}`;
  return tooltipBox(ctx.doc.name(table, String(row[key])), [
    [t("score"), bracketed(num(number(row.score), 1), span("score"))],
    ...(number(row.rank) === null ? [] : [[t("rank"), bracketed(t("{known} of {all}", { known: num(number(row.rank)), all: num(number(row.ranked)) }), span("rank"))] as [string, string]]),
    [t("indicators with data"), coverageText(row)],
  ]);
}

function indicatorsText(row: Row): string {
  return t("{known} of {all} indicators", { known: num(number(row.known)), all: num(number(row.indicators)) });
}

/** Say how many indicators a score rests on. */
export function coverageText(row: Row): string {
  return t("{known} of {all}", { known: num(number(row.known)), all: num(number(row.indicators)) });
}

function missing(root: HTMLElement, ctx: Context, rows: Row[], name: (row: Row) => string): void {
  const without = rows.filter((row) => number(row.score) === null);
  if (without.length === 0) return;
  root.append(
    h("p", { class: "no-scores-title" }, t("No score:")),
    h("ul", { class: "no-scores" }, ...without.map((row) => h("li", {}, colon(name(row), reasonText(ctx, row))))),
  );
}

function reasonText(ctx: Context, row: Row): string {
  if (row.reason === "pillar without score") {
    const short = ctx.doc.table("scores").filter((other) => other.unit_id === row.unit_id && other.level === "pillar" && other.reason !== null);
    return t("no score of {pillars}", { pillars: listed(short.map((other) => ctx.doc.name("input_indicators", String(other.element_id)))) });
  }
  return t("{coverage} indicators with data, less than half", { coverage: coverageText(row) });
}
