// What the shell gives its views, and what it expects of them.
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

/** Call `act` once what has changed until now is on the screen. */
export function afterPaint(act: () => void): void {
  requestAnimationFrame(() => {
    const channel = new MessageChannel(); // its message comes after the frame is painted
    channel.port1.onmessage = act;
    channel.port2.postMessage(null);
  });
}
