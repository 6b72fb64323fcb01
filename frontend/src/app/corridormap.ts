// The map of a run: width of lines by how many recommended itineraries go that way, the chosen pair above all.
import { createMap, type Flow, type KarvanMap, type Route } from "../map";
import { ids, type Doc } from "../core/document";
import { h } from "../core/dom";
import type { Context } from "../core/pages";
import { motionWanted } from "../core/motion";
import { legsOf } from "../core/routes";
import { t } from "../core/texts";
import { colours, onThemeChange } from "../core/theme";
import { bestOf, pairFigures } from "./figures";
import { MAP_VIEW, type Shell } from "./view";

export interface CorridorMap {
  show(ctx: Context, pair: string): void;
  destroy(): void;
}

const HEIGHT_PX = 440;

/** Maps of one name show the same part of the world, which is in the address; see MapOptions. */
export function corridorMap(place: HTMLElement, shell: Shell, name: string): CorridorMap {
  let map: KarvanMap | null = null;
  let shown: Doc | null = null;
  const caption = h("p", { class: "app-map-caption" });
  const stage = h("div", { class: "app-map" });
  place.append(stage, caption);
  let drawRoutes = (): void => undefined;
  const forget = onThemeChange(() => drawRoutes());
  return {
    show(ctx, pair) {
      if (ctx.doc !== shown) {
        map?.destroy();
        map = createMap(stage, ctx, { name, height: HEIGHT_PX, onView: (view) => shell.keep(MAP_VIEW, view) });
        map.setFlows(pairFlows(ctx.doc));
        shown = ctx.doc;
      }
      drawRoutes = () => map?.setRoutes(pairRoutes(ctx.doc, pair));
      drawRoutes();
      showPart(map, shell);
      map?.animate(motionWanted());
      caption.textContent = t(
        "Wider lines carry more of the {count} recommended itineraries; that of the chosen pair is drawn above them. Each pair counts once; the switch Flows shows the cargo that is carried.",
        { count: pairFigures(ctx.doc).length },
      );
    },
    destroy() {
      forget();
      map?.destroy();
      map = null;
      shown = null;
    },
  };
}

/** The part of the world that the address names; where it names none, it gets what the reader chose before. */
function showPart(map: KarvanMap | null, shell: Shell): void {
  const [asked, now] = [shell.state().params.get(MAP_VIEW), map?.view() ?? null];
  if (asked === now) return;
  if (asked) map?.open(asked);
  else shell.keep(MAP_VIEW, now);
}

/** How many recommended itineraries use each link. */
function pairFlows(doc: Doc): Flow[] {
  const uses = new Map<string, number>();
  for (const leg of doc.table("legs")) {
    if (leg["rank"] !== 1) continue;
    for (const link of ids(leg["links"])) uses.set(link, (uses.get(link) ?? 0) + 1);
  }
  return [...uses].map(([link, value]) => ({ link, value }));
}

function pairRoutes(doc: Doc, pair: string): Route[] {
  const best = bestOf(doc, pair);
  const legs = best ? legsOf(doc, best) : [];
  // The colour of text is none of the colours of modes.
  return legs.length ? [{ legs, label: t("recommended"), colour: colours().text }] : [];
}
