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
  /** Put into the address what is shown already; null takes it out. */
  keep(name: string, value: string | null): void;
  /** The view shows what was asked: time to prepare what may be asked next. */
  settled(): void;
}

export interface View {
  show(state: AppState): void;
  destroy(): void;
}

/** Parameter of the address: the part of the world that the map of a view shows. */
export const MAP_VIEW = "at";

/** What tables and maps of a view need; a page that they lead to gets only the parameters they name. */
export function contextOf(shell: Shell, doc: Doc): Context {
  return {
    doc,
    params: shell.state().params,
    mode: "app",
    go: (page, params = {}) => shell.go({ ...shell.state(), page, params: new URLSearchParams(params) }),
  };
}
