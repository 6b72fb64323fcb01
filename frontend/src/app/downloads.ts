// Everything of a run as files, and the address that shows the same again.
import { add, button, h, select } from "../core/dom";
import { openDialog } from "../core/sources";
import { num, t } from "../core/texts";
import type { Doc } from "../core/document";
import { runUrl } from "./api";

export interface Downloads {
  element: HTMLElement;
  show(id: string, doc: Doc): void;
}

const FORMATS = ["parquet", "csv"];
/** Kept by the run and too large for its document; downloads have it all the same. */
const TABLES_BESIDE = ["skims", "loads"];
/** Of a simulation: documents have the movements in another form, and replications not at all. */
const SIMULATED_BESIDE = ["simulated_movements", "simulated_replications"];
const MOVEMENT_LEGS = "movement_legs";
/** Only documents have them. */
const DRAWN: ReadonlySet<string> = new Set(["link_loads", "movement_ways", MOVEMENT_LEGS, "movement_kinds"]);

export function downloads(): Downloads {
  const body = h("div", { class: "app-downloads-body" });
  const element = h("details", { class: "app-downloads", hidden: true }, h("summary", {}, t("Download")), body);
  return {
    element,
    show(id, doc) {
      element.hidden = false;
      const places = { links: h("p", { class: "app-links" }) };
      const rows = doc.sizes();
      const beside = rows.has(MOVEMENT_LEGS) ? [...TABLES_BESIDE, ...SIMULATED_BESIDE] : TABLES_BESIDE;
      const names = [...[...rows.keys()].filter((name) => !DRAWN.has(name)), ...beside].sort();
      const showTable = (name: string): void => {
        places.links.replaceChildren(...FORMATS.map((form) => fileLink(form.toUpperCase(), tableUrl(id, name, form))));
      };
      const options = names.map((name) => ({ value: name, text: tableText(name, rows.get(name)) }));
      const first = names.includes("itineraries") ? "itineraries" : (names[0] ?? "");
      showTable(first);
      body.replaceChildren(
        h(
          "ul",
          { class: "app-links" },
          h("li", {}, fileLink(t("Report (one file, opens offline)"), runUrl(id, "report"))),
          h("li", {}, fileLink(t("Itineraries for maps (GeoJSON)"), runUrl(id, "geojson"))),
          h("li", {}, fileLink(t("Scenario file"), runUrl(id, "scenario.toml"))),
        ),
        h("div", { class: "app-table-files" }, select(t("Table"), options, first, showTable), places.links),
      );
    },
  };
}

function tableText(name: string, rows: number | undefined): string {
  return rows === undefined ? name : t("{table} ({count} rows)", { table: name, count: num(rows) });
}

function tableUrl(id: string, name: string, form: string): string {
  return runUrl(id, `tables/${encodeURIComponent(name)}?format=${form}`);
}

/** A link that saves a file; the server's name for it, where it gives one, beats `name`. */
export function fileLink(text: string, href: string, name = ""): HTMLElement {
  return h("a", { href, download: name }, text);
}

/** A button that copies the address; where the browser forbids it, the address to copy by hand. */
export function shareButton(): HTMLElement {
  const said = h("span", { class: "app-shared", role: "status", "aria-live": "polite" });
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(window.location.href);
      said.textContent = t("Link copied");
      window.setTimeout(() => (said.textContent = ""), 3000);
    } catch {
      const box = h("input", { readonly: true, value: window.location.href, "aria-label": t("Link") }) as HTMLInputElement;
      openDialog(t("Copy this link"), box);
      box.select();
    }
  };
  const place = h("span", { class: "app-share" });
  add(place, button(t("Share"), () => void copy()), said);
  return place;
}
