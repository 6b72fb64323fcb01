// A text box that completes places of the case, in any of the four languages or the local name.
import { h } from "../core/dom";
import { countryName, t } from "../core/texts";
import { word } from "../core/words";
import { findPlaces, type CasePlace } from "./api";
import { isAbort } from "./faults";
import { said } from "./labels";

export interface PlaceBox {
  element: HTMLElement;
  /** Id of the place that was chosen, else the text as typed; the server reads both. */
  value(): string;
  set(id: string, name: string): void;
}

const SETTLE_MS = 120;
let count = 0;

export function placeBox(label: string, required: boolean): PlaceBox {
  const id = `place-${(count += 1)}`;
  const list = h("ul", { id: `${id}-list`, role: "listbox", "aria-label": label, class: "app-places", hidden: true });
  const box = h("input", {
    id,
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    required,
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": `${id}-list`,
  }) as HTMLInputElement;
  const spoken = h("span", { class: "hidden", role: "status", "aria-live": "polite" });
  const element = h("div", { class: "app-field app-place" }, h("label", { for: id }, label), box, list, spoken);

  let chosen: { id: string; text: string } | null = null;
  let found: CasePlace[] = [];
  let active = -1;
  let timer = 0;
  let asking: AbortController | null = null;

  const close = (): void => {
    window.clearTimeout(timer);
    asking?.abort();
    list.hidden = true;
    active = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const choose = (place: CasePlace): void => {
    chosen = { id: place.id, text: said(place.names) || place.id };
    box.value = chosen.text;
    close();
  };
  const mark = (index: number): void => {
    active = index;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    const option = list.children[index];
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  };
  const open = (places: CasePlace[]): void => {
    found = places;
    list.replaceChildren(
      ...places.map((place, i) =>
        h(
          "li",
          {
            id: `${id}-${i}`,
            role: "option",
            "aria-selected": "false",
            // The box keeps the focus; a click would take it away first.
            onmousedown: (event: Event) => {
              event.preventDefault();
              choose(place);
            },
          },
          h("span", {}, said(place.names) || place.id),
          h("small", {}, `${countryName(place.country)} · ${word(place.kind)}`),
        ),
      ),
    );
    list.hidden = places.length === 0;
    box.setAttribute("aria-expanded", String(!list.hidden));
    spoken.textContent = t("Places found: {count}", { count: places.length });
    mark(-1);
  };
  const search = async (): Promise<void> => {
    asking?.abort();
    asking = new AbortController();
    try {
      open((await findPlaces(box.value.trim(), asking.signal)).places);
    } catch (fault) {
      if (!isAbort(fault)) close(); // the text can be sent as it is
    }
  };
  box.addEventListener("input", () => {
    chosen = null;
    window.clearTimeout(timer);
    if (box.value.trim()) timer = window.setTimeout(() => void search(), SETTLE_MS);
    else close();
  });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    const last = found.length - 1;
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown" && list.hidden) void search();
    else if (event.key === "ArrowDown") mark(active >= last ? 0 : active + 1);
    else if (event.key === "ArrowUp" && !list.hidden) mark(active <= 0 ? last : active - 1);
    else if (event.key === "Enter" && !list.hidden && found[active]) choose(found[active]);
    else return;
    event.preventDefault();
  });
  return {
    element,
    value: () => (chosen && chosen.text === box.value ? chosen.id : box.value.trim()),
    set(place, name) {
      chosen = place ? { id: place, text: name } : null;
      box.value = name;
    },
  };
}
