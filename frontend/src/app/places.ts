// A text box that completes places of the case, in any of the four languages or the local name.
import { h } from "../core/dom";
import { countryName, t } from "../core/texts";
import { word } from "../core/words";
import { findPlaces, type CasePlace } from "./api";
import { isAbort } from "./faults";
import { said } from "./labels";

const SETTLE_MS = 120;
let count = 0;

export class PlaceBox {
  readonly element: HTMLElement;
  private readonly id = `place-${(count += 1)}`;
  private readonly box: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly spoken = h("span", { class: "hidden", role: "status", "aria-live": "polite" });

  private chosen: { id: string; text: string } | null = null;
  private found: CasePlace[] = [];
  private active = -1;
  private timer = 0;
  private asking: AbortController | null = null;

  constructor(label: string, required: boolean) {
    const list = `${this.id}-list`;
    this.list = h("ul", { id: list, role: "listbox", "aria-label": label, class: "app-places", hidden: true });
    this.box = h("input", {
      id: this.id,
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      required,
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": list,
      oninput: () => this.type(),
      onblur: () => this.close(),
      onkeydown: (event: Event) => this.key(event as KeyboardEvent),
    }) as HTMLInputElement;
    this.element = h("div", { class: "app-field app-place" }, h("label", { for: this.id }, label), this.box, this.list, this.spoken);
  }

  /** Id of the place that was chosen, else the text as typed; the server reads both. */
  value(): string {
    return this.chosen?.text === this.box.value ? this.chosen.id : this.text().trim();
  }

  text(): string {
    return this.box.value;
  }

  set(id: string, name: string): void {
    this.chosen = id ? { id, text: name } : null;
    this.box.value = name;
  }

  private type(): void {
    this.chosen = null;
    window.clearTimeout(this.timer);
    if (this.text().trim()) this.timer = window.setTimeout(() => void this.search(), SETTLE_MS);
    else this.close();
  }

  private key(event: KeyboardEvent): void {
    const last = this.found.length - 1;
    const shut = this.list.hidden;
    const marked = this.found[this.active];
    if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown" && shut) void this.search();
    else if (event.key === "ArrowDown") this.mark(this.active >= last ? 0 : this.active + 1);
    else if (event.key === "ArrowUp" && !shut) this.mark(this.active <= 0 ? last : this.active - 1);
    else if (event.key === "Enter" && !shut && marked) this.choose(marked);
    else return;
    event.preventDefault();
  }

  private async search(): Promise<void> {
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      this.open((await findPlaces(this.text().trim(), this.asking.signal)).places);
    } catch (fault) {
      if (!isAbort(fault)) this.close(); // the text can be sent as it is
    }
  }

  private open(places: CasePlace[]): void {
    this.found = places;
    this.list.replaceChildren(...places.map((place, i) => this.option(place, i)));
    this.list.hidden = places.length === 0;
    this.box.setAttribute("aria-expanded", String(!this.list.hidden));
    this.spoken.textContent = t("Places found: {count}", { count: places.length });
    this.mark(-1);
  }

  private option(place: CasePlace, index: number): HTMLElement {
    // The box keeps the focus; a click would take it away first.
    const onmousedown = (event: Event): void => {
      event.preventDefault();
      this.choose(place);
    };
    return h(
      "li",
      { id: `${this.id}-${index}`, role: "option", "aria-selected": "false", onmousedown },
      h("span", {}, nameOf(place)),
      h("small", {}, `${countryName(place.country)} · ${word(place.kind)}`),
    );
  }

  private mark(index: number): void {
    this.active = index;
    [...this.list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    const option = this.list.children[index];
    if (option) {
      this.box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.box.removeAttribute("aria-activedescendant");
  }

  private choose(place: CasePlace): void {
    this.set(place.id, nameOf(place));
    this.close();
  }

  private close(): void {
    window.clearTimeout(this.timer);
    this.asking?.abort();
    this.list.hidden = true;
    this.active = -1;
    this.box.setAttribute("aria-expanded", "false");
    this.box.removeAttribute("aria-activedescendant");
  }
}

function nameOf(place: CasePlace): string {
  return said(place.names) || place.id;
}
