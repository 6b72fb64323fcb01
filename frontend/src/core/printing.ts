/** Whether the page is being printed: paper wants light colours, every row, and its own width. */

const listeners = new Set<() => void>();
let on = false;
let whole = false;

/** Width of the print area of A4 in CSS pixels, at the margins of style.css. */
export const PRINT_WIDTH = 680;

export function printing(): boolean {
  return on;
}

/** Whether all pages are being printed at once: such a report must stay short enough to be read. */
export function printingAll(): boolean {
  return on && whole;
}

/** Say that printing begins or ends, `all` pages or one; the browser says so too, by its own events. */
export function setPrinting(now: boolean, all = false): void {
  if (now === on) return;
  on = now;
  whole = now && all;
  for (const f of [...listeners]) f();
}

/** Call `f` when printing begins and ends; the function returned ends that. */
export function onPrinting(f: () => void): () => void {
  listeners.add(f);
  return () => listeners.delete(f);
}

/** Follow the browser. */
export function startPrinting(): void {
  window.addEventListener("beforeprint", () => setPrinting(true));
  window.addEventListener("afterprint", () => setPrinting(false));
}
