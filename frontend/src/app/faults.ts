// Faults in words: what went wrong, and what the reader can do about it.
import { h } from "../core/dom";
import { fromData, t } from "../core/texts";
import { ApiError } from "./api";

export function isAbort(fault: unknown): boolean {
  return fault instanceof DOMException && fault.name === "AbortError";
}

export function faultText(fault: unknown): string {
  if (!(fault instanceof ApiError)) {
    return fault instanceof Error ? fault.message : String(fault);
  }
  switch (fault.code) {
    case "unreachable":
      return t("The server does not answer.");
    case "queue_full":
      return t("The server has too many runs in its queue.");
    case "busy":
      return t("The server is asked too much at once.");
    case "cancelled":
      return t("The run was cancelled.");
    case "case_changed":
      return t("The case or the program has changed since the server started.");
    case "worker_died":
      return t("The computation ended unexpectedly.");
    case "time_limit":
      return t("The computation took too long and was stopped.");
    default:
      return fromData(fault.message);
  }
}

export function faultHint(fault: unknown): string {
  if (!(fault instanceof ApiError)) return "";
  if (fault.code === "unreachable") {
    return t("Check that karvan serve is still running, then try again; nothing you chose is lost.");
  }
  if (fault.code === "queue_full" || fault.code === "busy") return t("Wait a little and try again.");
  if (fault.code === "case_changed") return t("Start karvan serve again, then load this page again.");
  return fromData(fault.hint);
}

/** Questions that cannot be answered as they are: asking again gives the same. */
const HOPELESS = ["place_unknown", "no_route", "question_unknown", "query_invalid", "body_invalid", "not_found"];

function worthRetrying(fault: unknown): boolean {
  return !(fault instanceof ApiError && HOPELESS.includes(fault.code));
}

/** A message with its hint and, where it makes sense, a button to try again. */
export function faultBox(fault: unknown, retry?: () => void): HTMLElement {
  const hint = faultHint(fault);
  return h(
    "div",
    { class: "app-fault", role: "alert" },
    h("p", { class: "app-fault-text" }, faultText(fault)),
    hint ? h("p", {}, hint) : null,
    retry && worthRetrying(fault) ? h("button", { type: "button", onclick: retry }, t("Try again")) : null,
  );
}
