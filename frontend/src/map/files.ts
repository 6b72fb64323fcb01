/** The map as a picture or a drawing to keep, with its credit. */

import { download } from "../core/dom";
import type { Country } from "../core/document";
import { drawCredit, drawPicture, type Picture } from "./draw";
import { mapSvg } from "./svg";

export function savePng(picture: Picture, credit: string, ratio: number): void {
  const whole = document.createElement("canvas");
  whole.width = Math.round(picture.width * ratio);
  whole.height = Math.round(picture.height * ratio);
  const pen = whole.getContext("2d", { alpha: false })!;
  drawPicture(pen, picture, ratio);
  drawCredit(pen, picture, credit);
  whole.toBlob((blob) => blob && download("map.png", blob), "image/png");
}

export function saveSvg(picture: Picture, countries: Country[], credit: string): void {
  download("map.svg", new Blob([mapSvg(picture, countries, credit)], { type: "image/svg+xml" }));
}
