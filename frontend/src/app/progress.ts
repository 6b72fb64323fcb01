// How far a run is: a bar with its stage and share, spoken in steps, and a button to cancel.
import { h } from "../core/dom";
import { fromData, num, t } from "../core/texts";
import type { RunInfo } from "./api";

export interface Progress {
  element: HTMLElement;
  show(run: RunInfo): void;
  hide(): void;
}

const SPOKEN_STEP = 0.25;

export function progress(cancel: () => void): Progress {
  const bar = h("progress", { max: 1, value: 0, "aria-label": t("Progress of the run") }) as HTMLProgressElement;
  const label = h("span", { class: "app-progress-text", "aria-hidden": "true" });
  // A screen reader hears the stage and quarters, not every event.
  const spoken = h("span", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const button = h("button", { type: "button", onclick: cancel }, t("Cancel"));
  const line = h("div", { class: "app-progress", hidden: true }, bar, label, button);
  const element = h("div", { class: "app-progress-place" }, line, spoken);
  let said = "";
  return {
    element,
    show(run) {
      line.hidden = false;
      bar.value = run.share;
      const text = progressText(run);
      label.textContent = text;
      const step = `${run.stage} ${Math.floor(run.share / SPOKEN_STEP)}`;
      if (step !== said) spoken.textContent = text;
      said = step;
    },
    hide() {
      line.hidden = true;
      spoken.textContent = "";
      said = "";
    },
  };
}

function progressText(run: RunInfo): string {
  if (run.state === "queued") {
    return run.position > 0
      ? t("Waiting; runs ahead: {count}", { count: run.position })
      : t("Starting the run");
  }
  const percent = num(run.share * 100, 0);
  return run.stage ? t("{stage}: {percent} %", { stage: fromData(run.stage), percent }) : t("{percent} %", { percent });
}
