// What the shell gives its views, and what it expects of them.
import type { Doc } from "../core/document";
import type { Context } from "../core/pages";
import type { CaseInfo } from "./api";
import type { Runs } from "./runs";
import type { AppState } from "./state";

export interface Shell {
  info: CaseInfo;
  runs: Runs;
  state(): AppState;
  /** Change the address; the view is told by show(). */
  go(state: AppState): void;
  href(state: AppState): string;
  /** The view shows what was asked: time to prepare what may be asked next. */
  settled(): void;
}

export interface View {
  show(state: AppState): void;
  destroy(): void;
}

/** What tables and maps of a view need; a page that they lead to gets only the parameters they name. */
export function contextOf(shell: Shell, doc: Doc): Context {
  return {
    doc,
    params: shell.state().params,
    mode: "app",
    go: (page, params = {}) => shell.go({ ...shell.state(), page, params: new URLSearchParams(params) }),
  };
}

const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Whether things may move by themselves. */
export function motionWanted(): boolean {
  return !CALM.matches;
}

/** Call `act` once what has changed until now is on the screen. */
export function afterPaint(act: () => void): void {
  requestAnimationFrame(() => {
    const channel = new MessageChannel(); // its message comes after the frame is painted
    channel.port1.onmessage = act;
    channel.port2.postMessage(null);
  });
}
