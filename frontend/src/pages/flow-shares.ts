/** Shares of the route alternatives as stacked bars: by market, or by commodity. */

import { chart, tooltipBox } from "../core/chart";
import { type Doc, number, type Row } from "../core/document";
import { legendRows, nameAxis } from "../core/drawing";
import { alternativeIds, alternativeName, amountColumn, amountText, type Cargo, cargoOf, marketName, OTHER, UNSERVED } from "../core/flows";
import type { Context } from "../core/pages";
import { clauses, colon, listed } from "../core/phrases";
import { percent, t } from "../core/texts";
import { colours, palette } from "../core/theme";
import { shareText } from "./flow-words";

export type Grouping = "market" | "commodity_id";

interface Group {
  name: string;
  total: number;
  amounts: Map<string, number>;
}

const LEGEND_ROW_PX = 22;
const BAR_PX = 16;
/** Sides of the box around a chart. */
const BOX_PX = 40;

/** Draw the shares of one kind of cargo; nothing where none of it is carried. */
export function shareChart(root: HTMLElement, ctx: Context, cargo: Cargo, by: Grouping): void {
  const { doc } = ctx;
  const groups = groupsOf(doc, cargo, by);
  if (groups.length === 0) return;
  const shown = alternativeIds(doc).filter((id) => groups.some((group) => (group.amounts.get(id) ?? 0) > 0));
  const names = nameAxis(root, groups.map((group) => colon(group.name, amountText(group.total, cargo))), 300);
  const legend = legendRows(shown.map((id) => alternativeName(doc, id)), root.clientWidth - BOX_PX) * LEGEND_ROW_PX;
  chart(
    root,
    {
      grid: { left: names.left, right: 24, top: legend + 12, bottom: 30 },
      legend: { top: 0, left: 0, selectedMode: false },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, formatter: (hits: { dataIndex: number }[]) => tip(doc, groups[hits[0]?.dataIndex ?? 0], cargo, shown) },
      xAxis: { type: "value", min: 0, max: 100, axisLabel: { formatter: (v: number) => percent(v / 100), hideOverlap: true } },
      yAxis: names.axis,
      series: shown.map((id) => ({
        type: "bar",
        stack: "shares",
        name: alternativeName(doc, id),
        barWidth: BAR_PX,
        itemStyle: look(doc, id),
        data: groups.map((group) => (100 * (group.amounts.get(id) ?? 0)) / group.total),
      })),
    },
    {
      title: title(cargo, by),
      data: dataOf(doc, groups, cargo, shown),
      height: legend + 56 + groups.length * names.row,
      description: clauses(groups.map((group) => colon(group.name, listed(partsOf(doc, group, cargo, shown).map(([name, text]) => colon(name, text)))))),
    },
  );
}

function title(cargo: Cargo, by: Grouping): string {
  if (cargo === "loose") return by === "market" ? t("Loose cargo by market, t a year") : t("Loose cargo by commodity, t a year");
  return by === "market" ? t("Containers by market, TEU a year") : t("Containers by commodity, TEU a year");
}

/** The groups, all cargo first, then the largest. */
function groupsOf(doc: Doc, cargo: Cargo, by: Grouping): Group[] {
  const groups = new Map<string, Group>();
  const all: Group = { name: t("All"), total: 0, amounts: new Map() };
  for (const row of doc.table("alternative_flows")) {
    if (cargoOf(doc, row.commodity_id) !== cargo) continue;
    const key = String(row[by]);
    const name = by === "market" ? marketName(doc, key) : doc.name("input_commodities", key);
    const group = groups.get(key) ?? { name, total: 0, amounts: new Map<string, number>() };
    groups.set(key, group);
    for (const one of [group, all]) put(one, String(row.alternative_id), number(row[amountColumn(cargo)]) ?? 0);
  }
  const sorted = [...groups.values()].filter((group) => group.total > 0).sort((a, b) => b.total - a.total);
  return sorted.length > 1 ? [all, ...sorted] : sorted;
}

function put(group: Group, alternative: string, amount: number): void {
  group.total += amount;
  group.amounts.set(alternative, (group.amounts.get(alternative) ?? 0) + amount);
}

/** Colours go by the place in the case; a second round is hatched, and what stays away is hollow. */
function look(doc: Doc, id: string): object {
  const c = colours();
  if (id === UNSERVED) return { color: c.surface, borderColor: c.text, borderWidth: 1.2 };
  if (id === OTHER) return { color: c.muted };
  const place = alternativeIds(doc).indexOf(id);
  const hatch = { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4, color: c.surface };
  return { color: palette[place % palette.length], ...(place >= palette.length ? { decal: hatch } : {}) };
}

function partsOf(doc: Doc, group: Group, cargo: Cargo, shown: string[]): [string, string][] {
  return shown.flatMap((id): [string, string][] => {
    const amount = group.amounts.get(id) ?? 0;
    if (amount <= 0) return [];
    return [[alternativeName(doc, id), listed([shareText(amount / group.total), amountText(amount, cargo)])]];
  });
}

function tip(doc: Doc, group: Group | undefined, cargo: Cargo, shown: string[]): HTMLElement {
  if (!group) return tooltipBox("", []);
  return tooltipBox(colon(group.name, amountText(group.total, cargo)), partsOf(doc, group, cargo, shown));
}

function dataOf(doc: Doc, groups: Group[], cargo: Cargo, shown: string[]): Row[] {
  return groups.flatMap((group) =>
    shown.map((id) => {
      const amount = group.amounts.get(id) ?? 0;
      const row: Row = { group: group.name, alternative_id: id, alternative: alternativeName(doc, id), share: amount / group.total };
      row[amountColumn(cargo)] = amount;
      return row;
    }),
  );
}
