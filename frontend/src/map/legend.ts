/** Around the map: zoom, switches of the modes, what lines and dots mean, files. */

import { h } from "../core/dom";
import { t } from "../core/texts";
import { word } from "../core/words";
import { MODES, type Mode } from "./scene";
import { ZOOM_STEP, type Viewport } from "./viewport";

/** On the map: closer, further, and back to what it showed at first. */
export function zoomButtons(port: Viewport): HTMLElement {
  const button = (text: string, label: string, act: () => void): HTMLElement =>
    h("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
  return h(
    "div",
    { class: "map-zoom" },
    button("+", t("Zoom in"), () => port.zoom(ZOOM_STEP)),
    button("−", t("Zoom out"), () => port.zoom(1 / ZOOM_STEP)),
    button("⟲", t("Reset the view"), () => port.reset()),
  );
}

interface Files {
  png: () => void;
  svg: () => void;
}

export function legend(shown: Set<Mode>, changed: () => void, files: Files): HTMLElement {
  const key = (mark: string, text: string): HTMLElement =>
    h("span", { class: "map-key" }, h("span", { class: mark, "aria-hidden": "true" }), text);
  const save = (text: string, act: () => void): HTMLElement =>
    h("button", { type: "button", title: t("Save the map"), onclick: act }, text);
  return h(
    "div",
    { class: "map-tools", role: "group", "aria-label": t("Legend") },
    ...MODES.map((mode) => modeSwitch(mode, shown, changed)),
    key("map-line dashed", t("planned or not in this run")),
    key("map-dot", t("place")),
    key("map-routes", t("itineraries, in colours of their own")),
    h("span", { class: "map-save" }, save("PNG", files.png), save("SVG", files.svg)),
  );
}

function modeSwitch(mode: Mode, shown: Set<Mode>, changed: () => void): HTMLElement {
  const line = h("span", {
    class: "map-line",
    style: `color: var(--mode-${mode})`,
    "aria-hidden": "true",
  });
  const button: HTMLElement = h(
    "button",
    {
      type: "button",
      "aria-pressed": String(shown.has(mode)),
      onclick: () => {
        if (!shown.delete(mode)) shown.add(mode);
        button.setAttribute("aria-pressed", String(shown.has(mode)));
        changed();
      },
    },
    line,
    word(mode),
  );
  return button;
}
