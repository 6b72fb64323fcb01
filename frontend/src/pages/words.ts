/** Words that the reading pages need; a word that is not known stays as it is. */

import { t, tx } from "../core/texts";

/** The official names of the five pillars, and the two that cut across them. */
export function pillarTitle(pillar: string): string {
  switch (pillar) {
    case "policy":
      return t("Policy coordination");
    case "facilities":
      return t("Facilities connectivity");
    case "trade":
      return t("Unimpeded trade");
    case "finance":
      return t("Financial integration");
    case "people":
      return t("People-to-people bonds");
    case "digital":
      return t("Digital cooperation");
    case "green":
      return t("Green cooperation");
    default:
      return pillar;
  }
}

export const PILLARS: readonly string[] = [
  "policy",
  "facilities",
  "trade",
  "finance",
  "people",
  "digital",
  "green",
];

export function eventKindWord(kind: string): string {
  switch (kind) {
    case "agreement":
      return t("agreement");
    case "institution":
      return t("institution");
    case "service":
      return tx("event", "service");
    case "visit":
      return t("visit");
    case "contract":
      return t("contract");
    case "visa":
      return t("visa");
    case "opening":
      return t("opening");
    case "suspension":
      return t("suspension");
    default:
      return kind;
  }
}

/** What a table of the case or of the results holds, in words. */
export function tableWord(table: string): string {
  switch (table.replace(/^input_/, "")) {
    case "sources":
      return t("sources");
    case "series":
      return t("series");
    case "observations":
      return t("observations");
    case "claims":
      return t("claims");
    case "events":
      return t("events");
    case "nodes":
      return t("nodes");
    case "links":
      return t("links");
    case "rates":
      return t("rates");
    case "transfers":
      return tx("table", "transfers");
    case "services":
      return t("services");
    case "terminals":
      return t("terminals");
    case "operations":
      return t("operations");
    case "fleets":
      return t("fleets");
    case "calendars":
      return t("calendars");
    case "commodities":
      return t("commodities");
    case "pairs":
      return t("origin-destination pairs");
    case "flows":
      return t("demand");
    case "alternatives":
      return t("route alternatives");
    case "markets":
      return t("markets of the demand");
    case "constants":
      return t("constants of the route choice");
    case "indicators":
      return t("indicators");
    case "units":
      return t("country pairs");
    case "indicator_values":
      return t("values of indicators");
    case "validation":
      return t("validation");
    case "measures":
      return t("measures");
    case "legs":
      return t("legs");
    case "itineraries":
      return t("Itineraries");
    case "bottlenecks":
    case "lifting":
      return t("Bottlenecks");
    case "assignment":
    case "alternative_flows":
    case "flow_itineraries":
    case "loads":
      return t("Flows");
    case "scoreboard":
    case "scores":
    case "score_cells":
    case "score_changes":
    case "score_chances":
    case "score_correlations":
    case "score_importance":
    case "score_ranks":
    case "score_reliability":
    case "score_removals":
    case "score_sensitivity":
    case "score_tags":
    case "score_ties":
    case "score_unit_sensitivity":
    case "score_weightings":
    case "score_years":
      return t("Five pillars");
    case "network_links":
      return t("links");
    case "network_nodes":
      return t("nodes");
    default:
      return table;
  }
}
