/** Whether the reader wants things that move. */

const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Whether things may move by themselves, and smoothly. */
export function motionWanted(): boolean {
  return !CALM.matches;
}
