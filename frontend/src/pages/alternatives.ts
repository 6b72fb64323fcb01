/** Alternatives: time against cost of a pair's itineraries, coloured by emissions. */

import { chart, tooltipBox } from "../core/chart";
import { number, type Row } from "../core/document";
import { h } from "../core/dom";
import { intervals } from "../core/drawing";
import { type Context, registerPage } from "../core/pages";
import { clauses, colon, listed } from "../core/phrases";
import { costText, dayRange, emissionsText, itineraryColumns, type Pair, pairName, pairsOf, paretoSet, viaTexts } from "../core/routes";
import { dataTable } from "../core/table";
import { days, num, t } from "../core/texts";
import { colours } from "../core/theme";
import { chosenPair } from "./itineraries";

registerPage({ id: "alternatives", order: 40, title: () => t("Alternatives"), render });

// Cividis: even steps of lightness, read alike with and without colour blindness.
const SCALE = ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"];

function render(root: HTMLElement, ctx: Context): void {
  const pairs = pairsOf(ctx.doc);
  const pair = chosenPair(root, ctx, pairs, "alternatives");
  if (!pair) return;
  const best = paretoSet(pair.itineraries);
  root.append(h("p", {}, sentence(ctx, pair, best)));
  scatter(root, ctx, pair, best);
  table(root, ctx, pair, best);
}

/** Say what there is to choose from. */
function sentence(ctx: Context, pair: Pair, best: Set<Row>): string {
  const rows = [...best];
  const least = (column: string) => rows.reduce((a, b) => (Number(b[column]) < Number(a[column]) ? b : a));
  const [fast, cheap, clean] = [least("mean_h"), least("cost_usd_per_teu"), least("co2e_kg_per_teu")];
  return t(
    "{best} of {count} itineraries are best in some respect. Fastest: No. {fast} ({days} days); cheapest: No. {cheap} ({cost}); least CO2e: No. {clean} ({emissions}).",
    {
      best: best.size,
      count: pair.itineraries.length,
      fast: String(fast.rank),
      days: days(number(fast.mean_h)),
      cheap: String(cheap.rank),
      cost: costText(cheap),
      clean: String(clean.rank),
      emissions: emissionsText(clean),
    },
  );
}

function shareOf(value: number, low: number, high: number): number {
  return high > low ? (value - low) / (high - low) : 0;
}

function shade(share: number): string {
  const at = share * (SCALE.length - 1);
  const i = Math.min(SCALE.length - 2, Math.floor(at));
  return mix(SCALE[i]!, SCALE[i + 1]!, at - i);
}

function mix(a: string, b: string, share: number): string {
  const part = (text: string, i: number) => parseInt(text.slice(1 + 2 * i, 3 + 2 * i), 16);
  const rgb = [0, 1, 2].map((i) => Math.round(part(a, i) + share * (part(b, i) - part(a, i))));
  return `rgb(${rgb.join(",")})`;
}

function scatter(root: HTMLElement, ctx: Context, pair: Pair, best: Set<Row>): void {
  const rows = pair.itineraries;
  const emissions = rows.map((row) => number(row.co2e_kg_per_teu) ?? 0);
  const [low, high] = [Math.min(...emissions), Math.max(...emissions)];
  const day = (row: Row, column: string) => (number(row[column]) ?? 0) / 24;
  const cost = (row: Row) => number(row.cost_usd_per_teu) ?? 0;
  const sides = labelSides(rows, root.clientWidth);
  const point = (row: Row) => {
    const share = shareOf(number(row.co2e_kg_per_teu) ?? 0, low, high);
    const isBest = best.has(row);
    return {
      value: [day(row, "mean_h"), cost(row)],
      name: String(row.rank),
      symbol: isBest ? "circle" : "diamond",
      symbolSize: isBest ? 16 : 18,
      itemStyle: { color: shade(share), borderColor: colours().text, borderWidth: isBest ? 2 : 0.7, opacity: 1 },
      label: { position: sides.get(row) },
    };
  };
  const axis = { type: "value", scale: true, nameLocation: "middle", axisLabel: { formatter: (v: number) => num(v) } };
  const via = viaTexts(ctx.doc, rows);
  const drawn = chart(
    root,
    {
      grid: { left: 66, right: 24, top: 32, bottom: 48 },
      xAxis: { ...axis, name: t("days, mean"), nameGap: 28 },
      yAxis: { ...axis, name: t("USD/TEU"), nameGap: 50 },
      tooltip: { trigger: "item", formatter: (p: { dataIndex: number }) => tip(rows[p.dataIndex]!, via) },
      series: [
        intervals(t("8 of 10 cases"), rows.map((row) => [day(row, "p10_h"), day(row, "p90_h"), cost(row)]), {
          colour: colours().muted,
          width: 1.5,
          ends: true,
        }),
        {
          type: "scatter",
          name: t("itineraries"),
          z: 4,
          data: rows.map(point),
          label: { show: true, formatter: "{b}", fontWeight: 600, fontSize: 13, color: colours().text, textBorderColor: colours().surface, textBorderWidth: 3 },
        },
      ],
    },
    {
      title: t("Time and cost of the itineraries: {pair}", { pair: pairName(ctx.doc, pair) }),
      data: rows,
      height: 420,
      description: clauses(rows.map((row) => colon(String(row.rank), listed([days(number(row.mean_h)), costText(row), emissionsText(row)])))),
    },
  );
  drawn.on("click", (event) => {
    if (event.name) ctx.go("itineraries", { pair: pair.id, rank: event.name });
  });
  root.append(legend(low, high));
}

const PLOT_PX = 340;
const AXIS_PX = 110;
/** Points nearer than this to each other would write their numbers over one another. */
const NEAR_PX = 28;

/** Return the side of each point where its number stands: points near each other take different ones. */
function labelSides(rows: Row[], width: number): Map<Row, string> {
  const scale = (values: number[], px: number) => px / Math.max(1e-9, Math.max(...values) - Math.min(...values));
  const costs = rows.map((row) => number(row.cost_usd_per_teu) ?? 0);
  const x = scale(rows.flatMap((row) => [number(row.p10_h) ?? 0, number(row.p90_h) ?? 0]), width - AXIS_PX);
  const y = scale(costs, PLOT_PX);
  const apart = (a: Row, b: Row) =>
    Math.hypot((Number(a.mean_h) - Number(b.mean_h)) * x, (Number(a.cost_usd_per_teu) - Number(b.cost_usd_per_teu)) * y);
  const sides = new Map<Row, string>();
  // From the dearest down: the upper one of two writes above itself.
  for (const row of [...rows].sort((a, b) => Number(b.cost_usd_per_teu) - Number(a.cost_usd_per_teu))) {
    const taken = [...sides].filter(([other]) => apart(row, other) < NEAR_PX).map(([, side]) => side);
    sides.set(row, ["top", "bottom", "right", "left"].find((side) => !taken.includes(side)) ?? "top");
  }
  return sides;
}

function legend(low: number, high: number): HTMLElement {
  const bar = h("span", { class: "scale", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(90deg, ${SCALE.join(", ")})`;
  return h(
    "div",
    { class: "chart-key" },
    h("p", {}, t("Colour: {low}", { low: num(low) }), " ", bar, ` ${num(high)} ${t("kg CO2e/TEU")}`),
    h("p", {}, t("Circle: no other itinerary is at least as good in time, cost and CO2e. Diamond: another one is. Line: 8 of 10 cases.")),
  );
}

function tip(row: Row, via: Map<Row, string>): HTMLElement {
  return tooltipBox(`${String(row.rank)}. ${via.get(row) ?? ""}`, [
    [t("days, mean"), days(number(row.mean_h))],
    [t("8 of 10 cases"), dayRange(row)],
    [t("cost"), costText(row)],
    [t("emissions"), emissionsText(row)],
  ]);
}

function table(root: HTMLElement, ctx: Context, pair: Pair, best: Set<Row>): void {
  const via = viaTexts(ctx.doc, pair.itineraries);
  const rows = pair.itineraries.map((row) => ({ ...row, via: via.get(row) ?? "", best: best.has(row) }) as Row);
  dataTable(
    root,
    ctx,
    rows,
    [
      ...itineraryColumns("rank", "via", "mean_h", "range", "cost_usd_per_teu", "co2e_kg_per_teu", "generalized_cost_usd_per_teu"),
      { key: "best", title: t("best in some respect"), fold: 1 },
    ],
    { caption: t("Itineraries"), file: `karvan-alternatives-${pair.id}` },
  );
}
