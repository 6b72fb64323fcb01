/** Mouse, pen and fingers on the map: drag, wheel, pinch, point, press. */

import { zoomed, type View } from "./projection";

export interface GestureTarget {
  view(): View;
  move(view: View): void;
  zoom(factor: number, x: number, y: number): void;
  point(x: number, y: number, touch: boolean): void;
  press(x: number, y: number, touch: boolean): void;
  leave(): void;
  /** The wheel was turned over a map that is not being worked with: the page scrolls. */
  refuse(): void;
}

interface Finger {
  x: number;
  y: number;
}

const WHEEL_STEP = 0.0016;
const LINE_PX = 16;
/** Less movement than this between down and up is a press, not a drag. */
const PRESS_PX = 5;

export function listenToGestures(canvas: HTMLCanvasElement, target: GestureTarget): () => void {
  const fingers = new Map<number, Finger>();
  let travelled = 0;

  const at = (event: MouseEvent): Finger => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    if (fingers.size === 0) travelled = 0;
    fingers.set(event.pointerId, at(event));
    canvas.setPointerCapture(event.pointerId);
  };

  const move = (event: PointerEvent): void => {
    const now = at(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      target.point(now.x, now.y, event.pointerType === "touch");
      return;
    }
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, now);
    if (other) target.move(pinched(target.view(), before, now, other));
    else if (travelled > PRESS_PX) drag(before, now);
  };

  const drag = (before: Finger, now: Finger): void => {
    canvas.classList.add("dragging");
    const view = target.view();
    target.move({ ...view, x: view.x + now.x - before.x, y: view.y + now.y - before.y });
  };

  const up = (event: PointerEvent): void => {
    canvas.classList.remove("dragging");
    if (!fingers.delete(event.pointerId) || fingers.size > 0) return;
    if (event.type !== "pointerup" || travelled > PRESS_PX) return;
    const { x, y } = at(event);
    target.press(x, y, event.pointerType === "touch");
  };

  const wheel = (event: WheelEvent): void => {
    if (document.activeElement !== canvas && !event.ctrlKey) {
      target.refuse();
      return;
    }
    event.preventDefault();
    const { x, y } = at(event);
    const pixels = event.deltaMode === 1 ? event.deltaY * LINE_PX : event.deltaY;
    target.zoom(Math.exp(-pixels * WHEEL_STEP), x, y);
  };

  const leave = (): void => target.leave();
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", leave);
  canvas.addEventListener("wheel", wheel, { passive: false });
  return () => {
    canvas.removeEventListener("pointerdown", down);
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", up);
    canvas.removeEventListener("pointercancel", up);
    canvas.removeEventListener("pointerleave", leave);
    canvas.removeEventListener("wheel", wheel);
  };
}

/** The view after one of two fingers moved: both stay on the places they touch. */
function pinched(view: View, before: Finger, now: Finger, other: Finger): View {
  const was = Math.hypot(before.x - other.x, before.y - other.y);
  const is = Math.hypot(now.x - other.x, now.y - other.y);
  const factor = was > 0 ? is / was : 1;
  const middleBefore = { x: (before.x + other.x) / 2, y: (before.y + other.y) / 2 };
  const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
  const larger = zoomed(view, factor, middleBefore.x, middleBefore.y);
  return { ...larger, x: larger.x + middle.x - middleBefore.x, y: larger.y + middle.y - middleBefore.y };
}
