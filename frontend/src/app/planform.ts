// The question of the route planner as a form; its state is the parameters of the address.
import { add, h } from "../core/dom";
import { t } from "../core/texts";
import type { CaseInfo } from "./api";
import { objectiveName, said } from "./labels";
import { PlaceBox } from "./places";

export interface PlanForm {
  element: HTMLElement;
  /** Fill the form from the address; `placeName` gives the words for the id of a place. */
  show(params: URLSearchParams, placeName: (id: string) => string): void;
}

/** Parameters of the planner in the address, and the name that the API knows them by. */
export const ROUTE_KEYS: Record<string, string> = {
  from: "origin",
  to: "destination",
  depart: "depart",
  objectives: "objectives",
  transfers: "max_transfers",
  avoid: "avoid",
  via: "via",
  goods: "commodity",
};

const CONDITIONS = ["depart", "objectives", "transfers", "avoid", "via", "goods"];
const WIDE = window.matchMedia("(min-width: 900px)");

export function planForm(info: CaseInfo, ask: (params: Record<string, string>) => void): PlanForm {
  const from = new PlaceBox(t("From"), true);
  const to = new PlaceBox(t("To"), true);
  const via = new PlaceBox(t("By way of"), false);
  const depart = input("date", {});
  const transfers = input("number", { min: 0, max: 20, step: 1 });
  const avoid = input("text", { maxlength: 200, placeholder: "RU, aktau, ferry" });
  const goods = h("select") as HTMLSelectElement;
  for (const { id, names } of info.commodities) add(goods, h("option", { value: id }, said(names)));
  const objectives = new Map(info.objectives.map((id) => [id, input("checkbox", { checked: true })]));

  const submit = (event: Event): void => {
    event.preventDefault();
    const wanted = [...objectives].filter(([, box]) => box.checked).map(([id]) => id);
    ask({
      from: from.value(),
      to: to.value(),
      via: via.value(),
      depart: depart.value,
      transfers: transfers.value,
      avoid: words(avoid.value),
      goods: goods.value === info.commodity ? "" : goods.value,
      objectives: wanted.length === objectives.size ? "" : wanted.join(","),
    });
  };
  const more = h(
    "details",
    { class: "app-plan-more" },
    h("summary", {}, t("Date, goods and conditions")),
    h("div", { class: "app-plan-row" }, field(t("Departure"), depart), field(t("Goods"), goods), via.element),
    h(
      "div",
      { class: "app-plan-row" },
      field(t("Avoid: places, countries, modes"), avoid),
      field(t("Changes at most"), transfers),
      h("fieldset", {}, h("legend", {}, t("What counts")), ...[...objectives].map(([id, box]) => h("label", {}, box, objectiveName(id)))),
    ),
  ) as HTMLDetailsElement;
  const element = h(
    "form",
    { class: "app-plan-form", onsubmit: submit },
    h("div", { class: "app-plan-row" }, from.element, swap(from, to), to.element),
    more,
    h("button", { type: "submit", class: "app-primary" }, t("Find routes")),
  );
  return {
    element,
    show(params, placeName) {
      for (const [box, key] of [[from, "from"], [to, "to"], [via, "via"]] as [PlaceBox, string][]) {
        const id = params.get(key) ?? "";
        box.set(id, id ? placeName(id) : "");
      }
      depart.value = params.get("depart") ?? "";
      transfers.value = params.get("transfers") ?? "";
      avoid.value = (params.get("avoid") ?? "").replaceAll(",", ", ");
      goods.value = params.get("goods") || info.commodity || info.commodities[0]?.id || "";
      const wanted = (params.get("objectives") ?? "").split(",").filter(Boolean);
      for (const [id, box] of objectives) box.checked = !wanted.length || wanted.includes(id);
      // Conditions that hold are seen; on a wide screen they are in nobody's way.
      const asked = CONDITIONS.some((key) => params.get(key));
      more.open ||= asked || WIDE.matches;
    },
  };
}

function input(type: string, attributes: Record<string, string | number | boolean>): HTMLInputElement {
  return h("input", { type, ...attributes }) as HTMLInputElement;
}

export function field(label: string, box: HTMLElement): HTMLElement {
  return h("label", { class: "app-field" }, h("span", {}, label), box);
}

function swap(from: PlaceBox, to: PlaceBox): HTMLElement {
  const turn = (): void => {
    const [id, text] = [from.value(), from.text()];
    from.set(to.value(), to.text());
    to.set(id, text);
  };
  return h("button", { type: "button", class: "app-swap", "aria-label": t("Swap origin and destination"), onclick: turn }, "⇄");
}

function words(text: string): string {
  return text
    .split(/[,;，；]/)
    .map((one) => one.trim())
    .filter(Boolean)
    .join(",");
}
