/** The switch of the flows, and what width and colours of their bands mean. */

import { h } from "../core/dom";
import { percent, t } from "../core/texts";
import { STEPS } from "./draw-bands";

/** Return the switch and the key that is shown with the flows; `turned` hears of a change. */
export function flowSwitch(on: boolean, turned: (on: boolean) => void): { button: HTMLElement; key: HTMLElement } {
  const key = flowKey();
  const show = (): void => {
    button.setAttribute("aria-pressed", String(on));
    key.hidden = !on;
  };
  const turn = (): void => {
    on = !on;
    show();
    turned(on);
  };
  const button = h("button", { type: "button", class: "map-flows", onclick: turn }, t("Flows"));
  show();
  return { button, key };
}

function flowKey(): HTMLElement {
  const mark = (name: string, text: string): HTMLElement =>
    h("span", { class: "map-key" }, h("span", { class: "map-band", style: `background: var(--${name})`, "aria-hidden": "true" }), text);
  const [, half, most] = STEPS.map((step) => percent(step));
  return h(
    "div",
    { class: "map-tools map-flow-key", role: "group", "aria-label": t("Flows") },
    h("span", {}, t("Width: TEU a year in the direction of the arrow. Colour: utilization")),
    mark("used-0", t("under {share}", { share: half! })),
    mark("used-1", t("from {share}", { share: half! })),
    mark("used-2", t("from {share}", { share: most! })),
    mark("used-3", t("full")),
    mark("unlimited", t("no capacity known")),
  );
}
