// Words for the codes of a case: questions, objectives, and why a measure has no effect yet.
import type { Texts4 } from "../core/document";
import { lang, t } from "../core/texts";
import type { CaseInfo } from "./api";
import { isChanged, scenarioOf, type Question } from "./state";

export function said(texts: Texts4 | null | undefined): string {
  return texts ? texts[lang()] || texts.en : "";
}

/** The scenario's title; with the year and the number of changes where the reader made any. */
export function questionTitle(info: CaseInfo, question: Question): string {
  const title = said(scenarioOf(info, question.scenario)?.title) || said(info.title);
  if (!isChanged(info, question)) return title;
  const changes = question.on.length + question.off.length;
  const year = String(question.year);
  if (!changes) return t("{scenario}, year {year}", { scenario: title, year });
  return t("{scenario}, year {year}; your changes: {count}", { scenario: title, year, count: changes });
}

export function objectiveName(id: string): string {
  switch (id) {
    case "time":
      return t("Time");
    case "cost":
      return t("Cost");
    case "co2e":
      return t("CO2e");
    default:
      return id;
  }
}

/** Why a measure changes nothing yet, from the name of what will read it. */
export function pendingReason(pending: string): string {
  if (pending.startsWith("nothing to read")) return t("already part of the base tables");
  const engine = pending.split(" ")[0] ?? "";
  switch (engine) {
    case "trade":
      return t("waits for the trade engine");
    case "effects.energy":
      return t("waits for the energy engine");
    case "effects.finance":
      return t("waits for the finance engine");
    case "effects.people":
      return t("waits for the people engine");
    case "scoreboard":
      return t("waits for the scoreboard");
    default:
      return pending;
  }
}
