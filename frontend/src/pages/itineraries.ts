/** Itineraries: the choices of a pair, and one of them leg by leg. */

import { chart, tooltipBox } from "../core/chart";
import { ids, number, type Row } from "../core/document";
import { button, h, select } from "../core/dom";
import { freeText } from "../core/freetext";
import { nameAxis } from "../core/drawing";
import { type Context, registerPage } from "../core/pages";
import { bracketed, clauses, colon, listed } from "../core/phrases";
import { costText, emissionsText, itineraryColumns, legColumns, legRows, legsOf, type Pair, pairName, pairsOf, TIME_PARTS, viaTexts, wayText } from "../core/routes";
import { chosenTable, sourceList } from "../core/sources";
import { dataTable } from "../core/table";
import { days, num, t } from "../core/texts";
import { palette } from "../core/theme";
import { cap, word } from "../core/words";

registerPage({ id: "itineraries", order: 30, title: () => t("Itineraries"), needs: ["evidence", "details"], render });

function render(root: HTMLElement, ctx: Context): void {
  const pairs = pairsOf(ctx.doc);
  const pair = chosenPair(root, ctx, pairs, "itineraries");
  if (!pair) return;
  const rank = ctx.params.get("rank") ?? "1";
  const chosen = pair.itineraries.find((row) => String(row.rank) === rank) ?? pair.itineraries[0]!;
  const note = pair.row.note;
  if (note) root.append(h("p", { class: "muted" }, freeText(ctx.doc, note)));
  choices(root, ctx, pair, chosen);
  const legs = legsOf(ctx.doc, chosen);
  const title = t("Itinerary {rank}, leg by leg", { rank: String(chosen.rank) });
  root.append(h("h2", {}, title));
  if (legs.length === 0) {
    root.append(h("p", {}, t("The run has no legs of this itinerary.")));
    return;
  }
  waterfall(root, ctx, pair, chosen, legs);
  dataTable(root, ctx, legRows(ctx.doc, legs), legColumns(), { caption: t("The legs"), file: "karvan-legs" });
  background(root, ctx, legs);
}

/**
 * Draw the choice of a pair for a page; return the pair that the address names, else the first.
 *
 * A pair that no route connects in this run stays chosen: the page says so rather than show another one.
 */
export function chosenPair(root: HTMLElement, ctx: Context, pairs: Pair[], page: string): Pair | null {
  const asked = ctx.params.get("pair") ?? "";
  const found = pairs.find((pair) => pair.id === asked);
  const lost = found ? undefined : ctx.doc.row("input_pairs", asked);
  const pair = found ?? (lost ? undefined : pairs[0]);
  if (!pair && !lost) {
    root.append(h("p", { class: "notice" }, t("The run has no itineraries: the case names no pairs, or no route connects them.")));
    return null;
  }
  const options = [...pairs, ...(lost ? [lost] : [])].map((one) => ({ value: String(one.id), text: pairName(ctx.doc, one) }));
  root.append(h("div", { class: "controls" }, select(cap(t("pair")), options, pair?.id ?? asked, (id) => ctx.go(page, { pair: id }))));
  if (lost) root.append(h("p", { class: "notice" }, t("No route connects {pair} in this run.", { pair: pairName(ctx.doc, lost) })));
  return pair ?? null;
}

function choices(root: HTMLElement, ctx: Context, pair: Pair, chosen: Row): void {
  const via = viaTexts(ctx.doc, pair.itineraries);
  const rows = pair.itineraries.map((row) => ({ ...row, via: via.get(row) ?? "" }) as Row);
  const isChosen = (row: Row): boolean => row.rank === chosen.rank;
  dataTable(
    root,
    ctx,
    rows,
    [
      ...itineraryColumns("rank", "via", "mean_h", "range", "cost_usd_per_teu", "co2e_kg_per_teu", "km", "transfers", "gauge_changes"),
      { key: "show", title: "", acts: true, draw: (row) => showButton(ctx, pair, row, isChosen(row)) },
    ],
    {
      caption: t("Itineraries of {pair}, the recommended one first", { pair: pairName(ctx.doc, pair) }),
      file: `karvan-itineraries-${pair.id}`,
      current: isChosen,
    },
  );
  root.append(
    h(
      "p",
      { class: "muted" },
      t("Recommended is the lowest generalized cost: cost plus the commodity's value of time for the mean time."),
    ),
  );
}

function showButton(ctx: Context, pair: Pair, row: Row, on: boolean): HTMLElement {
  if (on) return h("span", { class: "muted" }, t("shown below"));
  return button(t("Show"), () => ctx.go("itineraries", { pair: pair.id, rank: String(row.rank) }), {
    class: "link",
    "aria-label": t("Show itinerary {rank}", { rank: String(row.rank) }),
  });
}

/** Draw the legs below each other, each where the one before ends. */
function waterfall(root: HTMLElement, ctx: Context, pair: Pair, chosen: Row, legs: Row[]): void {
  const starts: number[] = [];
  let elapsed = 0;
  for (const leg of legs) {
    starts.push(elapsed / 24);
    for (const part of TIME_PARTS) elapsed += number(leg[part.key]) ?? 0;
  }
  const names = legs.map((leg, i) => bracketed(`${i + 1}. ${wayText(ctx.doc, leg)}`, word(leg.mode)));
  const axis = nameAxis(root, names, 240);
  const bars = TIME_PARTS.map((part) => ({
    type: "bar",
    name: cap(part.title()),
    stack: "time",
    barMaxWidth: 22,
    itemStyle: { color: palette[part.colour] },
    data: legs.map((leg) => (number(leg[part.key]) ?? 0) / 24),
  }));
  chart(
    root,
    {
      grid: { left: axis.left, right: 20, top: 34, bottom: 40 },
      legend: { top: 0, left: 0, data: TIME_PARTS.map((part) => cap(part.title())), selectedMode: false },
      xAxis: { type: "value", name: t("days since the start"), nameLocation: "middle", nameGap: 26, axisLabel: { formatter: (v: number) => num(v) } },
      yAxis: axis.axis,
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, formatter: (p: { dataIndex: number }[]) => legTip(names[p[0]!.dataIndex]!, legs[p[0]!.dataIndex]!) },
      series: [
        // What came before is drawn as nothing, so that each bar begins where the last one ends.
        { type: "bar", stack: "time", silent: true, itemStyle: { color: "transparent" }, data: starts },
        ...bars,
      ],
    },
    {
      title: t("Where the time goes: {pair}, {days} days in the mean", { pair: pairName(ctx.doc, pair), days: days(number(chosen.mean_h)) }),
      data: legs,
      height: 90 + legs.length * Math.max(44, axis.row),
      description: clauses(legs.map((leg, i) => colon(names[i]!, partsText(leg)))),
    },
  );
}

function partsText(leg: Row): string {
  return listed(TIME_PARTS.map((part) => `${part.title()} ${num(number(leg[part.key]), 1)} ${t("h")}`));
}

function legTip(name: string, leg: Row): HTMLElement {
  const lines = TIME_PARTS.map((part): [string, string] => [part.title(), `${num(number(leg[part.key]), 1)} ${t("h")}`]);
  lines.push([t("cost"), costText(leg)], [t("emissions"), emissionsText(leg)]);
  return tooltipBox(name, lines);
}

/** Everything the itinerary rests on: numbers that nobody reported, and documents. */
function background(root: HTMLElement, ctx: Context, legs: Row[]): void {
  const chosen = [...new Set(legs.flatMap((leg) => ids(leg.chosen)))];
  const cited = [...new Set(legs.flatMap((leg) => ids(leg.source_ids)))];
  if (chosen.length > 0)
    root.append(
      h(
        "details",
        {},
        h("summary", {}, t("Numbers of it that no source gives: {count}", { count: chosen.length })),
        h("div", { class: "card table-scroll" }, chosenTable(ctx, chosen)),
      ),
    );
  if (cited.length > 0)
    root.append(
      h(
        "details",
        {},
        h("summary", {}, t("Sources of this itinerary: {count}", { count: cited.length })),
        h("div", { class: "card" }, sourceList(ctx, cited)),
      ),
    );
}
