/** Words that only the map needs, in the current language. */

import { t } from "../core/texts";
import { word } from "../core/words";

export function stateWord(state: string): string {
  return state === "operating" ? t("operating") : word(state);
}

export function corridorWord(corridor: string): string {
  switch (corridor) {
    case "middle":
      return t("Middle Corridor");
    case "northern":
      return t("Northern corridor");
    case "ocean":
      return t("Ocean");
    case "iran":
      return t("Through Iran");
    case "cku":
      return t("China–Kyrgyzstan–Uzbekistan");
    case "feeder":
      return t("Feeder");
    default:
      return corridor;
  }
}
