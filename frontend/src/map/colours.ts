/** Colours of the map in both themes; modes follow Okabe and Ito, darkened or lightened for contrast. */

import type { Mode } from "./scene";

export interface MapColours {
  sea: string;
  land: string;
  border: string;
  text: string;
  halo: string;
  muted: string;
  node: string;
  modes: Record<Mode, string>;
  /** Bands of flows by utilization, see STEPS of draw-bands.ts: even steps of lightness. */
  used: readonly string[];
  unlimited: string;
}

const LIGHT: MapColours = {
  sea: "#dbe7ee",
  land: "#f7f5f0",
  border: "#b9b5aa",
  text: "#1d2329",
  halo: "#ffffff",
  muted: "#5c6670",
  node: "#2b333b",
  modes: { rail: "#b34700", sea: "#0068a5", ferry: "#a4528a", road: "#007a5a" },
  used: ["#7fb8da", "#3f7fb5", "#c9820a", "#8c1d18"],
  unlimited: "#8d949b",
};

const DARK: MapColours = {
  sea: "#141d26",
  land: "#26303a",
  border: "#4b5864",
  text: "#eef2f5",
  halo: "#11171d",
  muted: "#a9b4be",
  node: "#dfe6ec",
  modes: { rail: "#e8843a", sea: "#56b4e9", ferry: "#dd9cc3", road: "#2fc39b" },
  used: ["#3d6f92", "#6fb3df", "#f0b548", "#ff8f80"],
  unlimited: "#77818b",
};

export function mapColours(dark: boolean): MapColours {
  return dark ? DARK : LIGHT;
}
