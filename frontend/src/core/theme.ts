/** Light and dark colours, for the page (style.css holds the same) and for drawings. */

import { onPrinting, printing, startPrinting } from "./printing";

export interface Colours {
  text: string;
  muted: string;
  line: string;
  surface: string;
  page: string;
  accent: string;
}

export type ThemeName = "light" | "dark";

const COLOURS: Record<ThemeName, Colours> = {
  light: {
    text: "#1b2430",
    muted: "#566272",
    line: "#d5dbe3",
    surface: "#ffffff",
    page: "#f5f7f9",
    accent: "#005a94",
  },
  dark: {
    text: "#e6ebf1",
    muted: "#a3b0bf",
    line: "#38424e",
    surface: "#1a2027",
    page: "#12161b",
    accent: "#7cc0f2",
  },
};

/** The page's font (style.css holds the same), for drawings. Single quotes: the SVG writer puts the list into an attribute as it is. */
export const FONT =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif";

// Okabe and Ito's colours, which colour-blind readers can tell apart; the strongest come first.
const OKABE_ITO = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const ON_DARK = ["#4aa3df", "#e8762b", "#1fb58a", "#d58fb5", "#e69f00", "#7cc4ee"];

/** Colours of data series; its entries change with the theme. */
export const palette: string[] = [...OKABE_ITO];

const listeners = new Set<() => void>();
const system = window.matchMedia("(prefers-color-scheme: dark)");
let chosen: ThemeName | null = null;

/** Return the colours shown; paper is white. */
export function theme(): ThemeName {
  if (printing()) return "light";
  return chosen ?? (system.matches ? "dark" : "light");
}

/** Return the colours of the page as it is now. */
export function colours(): Colours {
  return COLOURS[theme()];
}

/** Choose light or dark against the setting of the system. */
export function setTheme(name: ThemeName): void {
  chosen = name;
  apply();
}

/** Call `f` when the colours change; the function returned ends that. */
export function onThemeChange(f: () => void): () => void {
  listeners.add(f);
  return () => listeners.delete(f);
}

let shown: ThemeName | null = null;

function apply(): void {
  if (shown === theme()) return;
  shown = theme();
  document.documentElement.dataset.theme = shown;
  palette.splice(0, palette.length, ...(shown === "dark" ? ON_DARK : OKABE_ITO));
  for (const f of [...listeners]) f();
}

/** Follow the system's setting, and print in light colours. */
export function startTheme(): void {
  system.addEventListener("change", apply);
  startPrinting();
  onPrinting(apply);
  apply();
}
