/** How the numbers are made, what they cannot say, and what this run was. */

import type { Row } from "../core/document";
import { h } from "../core/dom";
import { registerPage, type Context } from "../core/pages";
import { clauses, listed } from "../core/phrases";
import { dataTable } from "../core/table";
import { fromData, t } from "../core/texts";
import { cap, unit } from "../core/words";
import { tableWord } from "./words";
import "./reading.css";

registerPage({ id: "method", title: () => t("Method and limits"), order: 110, render });

function render(root: HTMLElement, ctx: Context): void {
  root.append(
    h("h2", {}, t("How the numbers are made")),
    texts("ol", steps()),
    h("h2", {}, t("What a number can be")),
    statuses(),
    h("h2", {}, t("Limits")),
    texts("ul", limits()),
    h("h2", {}, t("Units")),
    h("p", {}, t("Time in hours in the tables and in days on the pages; lengths in km; money in USD of the case's base year; cargo in twenty-foot units (TEU); emissions in kg CO2e; shares from 0 to 1.")),
  );
  thisRun(root, ctx);
  schema(root, ctx);
}

function texts(tag: "ol" | "ul", lines: string[]): HTMLElement {
  return h(tag, {}, ...lines.map((line) => h("li", {}, line)));
}

function steps(): string[] {
  return [
    t("Tables of places, links, transfers, services and rates are read and checked; every value names its source or gives the reason for a choice."),
    t("Where sources contradict each other, all values are kept and one is marked as used."),
    t("Measures change rows of the tables; the network is compiled for the year of the run."),
    t("For each pair of places, itineraries are searched by money plus value of time; a train or ship leaves by timetable or frequency, and weather and closures add to the wait."),
    t("The spread of door-to-door time comes from the waiting, handling and running times together; p10 and p90 are the times of the fastest and slowest tenth."),
    t("Claims and reported facts are compared with the evidence and with the model by rules that are the same for all."),
  ];
}

function limits(): string[] {
  return [
    t("Many handling times, rates and frequencies are assumed, because nobody publishes them; the evidence page shows how many."),
    t("Itineraries do not depend on how many others travel, unless an engine of flows has been run."),
    t("Costs are by published or assumed rates, not offers; a forwarder's price can differ."),
    t("Places and lines are drawn for orientation and are not survey data."),
    t("A verdict \"no data\" says that no independent value was found."),
  ];
}

function statuses(): HTMLElement {
  const meanings: [string, string][] = [
    [t("reported"), t("printed in a document that can be opened")],
    [t("derived"), t("computed from reported values by a formula that is kept")],
    [t("assumed"), t("chosen by us, with the reason beside it")],
    [t("calibrated"), t("fitted to reported facts, which are then not used to judge the model")],
  ];
  const list = h("dl", { class: "facts" });
  for (const [name, meaning] of meanings) list.append(h("dt", {}, h("strong", {}, cap(name))), h("dd", {}, meaning));
  return list;
}

function thisRun(root: HTMLElement, ctx: Context): void {
  const { meta } = ctx.doc;
  const versions = Object.entries(meta.versions).map(([name, version]) => `${name} ${version}`);
  const facts: [string, string][] = [
    [t("case"), meta.case],
    [t("scenario"), meta.scenario ? ctx.doc.name("scenarios", meta.scenario) : t("none")],
    [t("year"), String(meta.year)],
    [t("measures"), clauses(meta.measures.map((id) => ctx.doc.name("measures", id))) || t("none")],
    [t("seed of random numbers"), String(meta.seed)],
    [t("versions"), listed(versions)],
    [t("hash of the program"), meta.code],
    [t("complete"), meta.complete ? t("yes") : t("no")],
  ];
  const list = h("dl", { class: "facts hashes" });
  for (const [name, value] of facts) list.append(h("dt", {}, cap(name)), h("dd", {}, value));
  root.append(h("h2", {}, t("This run")), list);
  root.append(h("h2", {}, t("Warnings")));
  const warnings = meta.warnings.map((line) => fromData(line));
  root.append(warnings.length ? texts("ul", warnings) : h("p", {}, t("None.")));
}

/** What each table of the document holds; a table is written out when it is opened. */
function schema(root: HTMLElement, ctx: Context): void {
  root.append(h("h2", {}, t("Tables and columns")));
  for (const [name, count] of [...ctx.doc.sizes()].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const content = h("div", {});
    const words = name.startsWith("input_") ? `${cap(tableWord(name))} – ` : "";
    const box = h("details", {}, h("summary", {}, words, h("code", {}, name), ` · ${t("rows: {count}", { count })}`), content);
    box.addEventListener("toggle", () => {
      if (content.childElementCount > 0) return;
      void Promise.resolve(ctx.doc.needTable(name)).then(() => content.childElementCount === 0 && columnTable(content, ctx, name));
    });
    root.append(box);
  }
}

function columnTable(parent: HTMLElement, ctx: Context, name: string): void {
  const rows: Row[] = ctx.doc.columns(name).map((column) => ({
    name: column.name + (column.key ? " *" : ""),
    type: typeWord(column.type),
    unit: column.unit ? unit(column.unit) : "",
    description: fromData(column.description),
  }));
  dataTable(
    parent,
    ctx,
    rows,
    [
      { key: "name", title: t("column") },
      { key: "type", title: t("type"), fold: 2 },
      { key: "unit", title: t("unit"), fold: 1 },
      { key: "description", title: t("meaning") },
    ],
    { caption: `${name} · * ${t("key")}`, file: `columns-${name}`, pageSize: 50 },
  );
}

function typeWord(type: string): string {
  switch (type) {
    case "text":
      return t("text");
    case "prose":
      return t("free text");
    case "number":
      return t("number");
    case "integer":
      return t("whole number");
    case "boolean":
      return t("yes or no");
    default:
      return type;
  }
}
