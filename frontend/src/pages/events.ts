/** What happened, by pillar, on a line of time. */

import { chart, tooltipBox } from "../core/chart";
import { type Row, ids } from "../core/document";
import { type Child, h } from "../core/dom";
import { freeText } from "../core/freetext";
import { timeAxis } from "../core/drawing";
import { registerPage, type Context } from "../core/pages";
import { listed } from "../core/phrases";
import { rowDialog } from "../core/sources";
import { dataTable } from "../core/table";
import { dateText, field, partyName, t } from "../core/texts";
import { palette } from "../core/theme";
import { cap, word } from "../core/words";
import { PILLARS, eventKindWord } from "./words";
import "./reading.css";

const ROW_PX = 74;
const DOT_PX = 11;
/** Events nearer to each other than this are drawn one above the other. */
const NEAR_DAYS = 120;
const LEVELS = [0, -1, 1, -2, 2];
const DAY_MS = 86_400_000;

registerPage({ id: "events", title: () => t("Events"), order: 90, needs: ["evidence"], render });

interface Dot {
  row: Row;
  /** Middle of the day, month or year that is known. */
  time: number;
  exact: boolean;
  level: number;
}

function render(root: HTMLElement, ctx: Context): void {
  const rows = ctx.doc.table("input_events");
  if (!rows.length) {
    root.append(h("p", {}, t("This case holds no events.")));
    return;
  }
  timeline(root, ctx, rows);
  const full = rows
    .map((row) => ({ ...row, who: listed(ids(row.parties).map(partyName)) }))
    .sort((a: Row, b: Row) => String(b.date).localeCompare(String(a.date)));
  dataTable(
    root,
    ctx,
    full,
    [
      { key: "date", title: t("date"), text: (row) => dateText(String(row.date ?? "")) },
      { key: "id", title: t("event"), kind: "row", table: "input_events" },
      { key: "pillar", title: t("pillar"), kind: "word", fold: 2 },
      { key: "kind", title: t("kind"), text: (row) => eventKindWord(String(row.kind)), fold: 3 },
      { key: "who", title: t("parties"), fold: 5 },
      { key: "effect", title: t("effect"), kind: "free", fold: 6 },
      { key: "confidence", title: t("confidence"), kind: "word", fold: 4 },
      { key: "source_id", title: t("sources"), kind: "sources", fold: 1 },
    ],
    { caption: t("All events"), file: "events", filter: true, choices: ["pillar", "kind"] },
  );
}

function dotsOf(rows: Row[]): Dot[] {
  const dots = rows.flatMap((row) => {
    const parts = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?/.exec(String(row.date ?? ""));
    if (!parts) return [];
    const [, year, month, day] = parts;
    const time = Date.UTC(Number(year), month ? Number(month) - 1 : 6, Number(day ?? (month ? 15 : 1)));
    return [{ row, time, exact: day !== undefined, level: 0 }];
  });
  dots.sort((a, b) => a.time - b.time);
  spread(dots);
  return dots;
}

/** Give events of one time different heights. */
function spread(dots: Dot[]): void {
  const last: number[] = LEVELS.map(() => -Infinity);
  for (const dot of dots) {
    const free = last.findIndex((time) => dot.time - time > NEAR_DAYS * DAY_MS);
    // Where all heights are taken, the one used longest ago overlaps least.
    const index = free >= 0 ? free : last.indexOf(Math.min(...last));
    dot.level = LEVELS[index]!;
    last[index] = dot.time;
  }
}

function timeline(root: HTMLElement, ctx: Context, rows: Row[]): void {
  const pillars = PILLARS.filter((pillar) => rows.some((row) => row.pillar === pillar)).reverse();
  const byPillar = pillars.map((pillar) => dotsOf(rows.filter((row) => row.pillar === pillar)));
  const drawn = chart(
    root,
    {
      grid: { left: 8, right: 20, top: 10, bottom: 64, containLabel: true },
      tooltip: {
        trigger: "item",
        formatter: (p: { data: { dot: Dot } }) => eventBox(ctx, p.data.dot.row),
      },
      useUTC: true,
      xAxis: { ...timeAxis(), splitLine: { show: true } },
      yAxis: { type: "category", data: pillars.map((pillar) => cap(word(pillar))), splitLine: { show: true } },
      dataZoom: [{ type: "slider", filterMode: "none", height: 20, bottom: 10, showDetail: false, startValue: zoomStart(byPillar.flat()) }],
      series: byPillar.map((dots, index) => ({
        type: "scatter",
        symbolSize: DOT_PX,
        data: dots.map((dot) => ({
          value: [dot.time, index],
          dot,
          symbolOffset: [0, dot.level * (DOT_PX + 1)],
          itemStyle: look(dot, palette[index % palette.length]!),
        })),
      })),
    },
    {
      title: t("Events by pillar"),
      data: rows.map((row) => ({
        date: row.date ?? null,
        event: field(row, "name"),
        pillar: row.pillar ?? null,
        kind: row.kind ?? null,
        source_id: row.source_id ?? null,
      })),
      height: 90 + ROW_PX * pillars.length,
      description: t("The same events are in the table below."),
    },
  );
  drawn.on("click", (p) => {
    const { dot } = p.data as unknown as { dot?: Dot };
    if (dot) rowDialog(ctx, "input_events", String(dot.row.id));
  });
  root.append(
    h("p", { class: "muted" }, t("Filled: the day is known. Hollow: only the month or year. Drag the bar below the chart to see other years; click a dot for the sources.")),
  );
}

/** The first picture shows the years that hold most events: the latest four fifths. */
function zoomStart(dots: Dot[]): number {
  const times = dots.map((dot) => dot.time).sort((a, b) => a - b);
  return (times[Math.floor(times.length / 5)] ?? 0) - 200 * DAY_MS;
}

function look(dot: Dot, colour: string): object {
  return { color: dot.exact ? colour : "transparent", borderColor: colour, borderWidth: 2 };
}

function eventBox(ctx: Context, row: Row): HTMLElement {
  const lines: [string, Child][] = [
    [t("date"), dateText(String(row.date ?? ""))],
    [t("kind"), eventKindWord(String(row.kind))],
  ];
  if (row.effect) lines.push([t("effect"), freeText(ctx.doc, row.effect)]);
  return tooltipBox(field(row, "name"), lines);
}
