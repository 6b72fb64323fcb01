// Runs by question: asked once, followed while they work, their documents kept in memory.
import { Doc } from "../core/document";
import * as api from "./api";
import { questionText, runQuestion, type Question } from "./state";

export interface Loaded {
  key: string;
  id: string;
  question: Question;
  doc: Doc;
}

export interface Asked {
  signal: AbortSignal;
  tell: (run: api.RunInfo) => void;
}

const KEPT_DOCUMENTS = 16;
const POLL_MS = 1000;

export class Runs {
  private readonly kept = new Map<string, Loaded>();
  private readonly loading = new Map<string, Promise<Loaded>>();

  constructor(private readonly info: api.CaseInfo) {}

  /** The document of a question that was answered before; takes no time. */
  peek(question: Question): Loaded | undefined {
    const key = questionText(this.info, question);
    const found = this.kept.get(key);
    if (found) {
      this.kept.delete(key);
      this.kept.set(key, found); // the latest used is kept longest
    }
    return found;
  }

  async load(question: Question, asked: Asked): Promise<Loaded> {
    const found = this.peek(question);
    if (found) return found;
    const finished = await answered(question, asked);
    const raw = await api.getDocument(finished.id, asked.signal);
    const key = questionText(this.info, question);
    const loaded = { key, id: finished.id, question, doc: new Doc(raw) };
    this.keep(loaded);
    return loaded;
  }

  /** As load(), for what nobody waits for: asked for once, without progress. */
  quietly(question: Question): Promise<Loaded> {
    const key = questionText(this.info, question);
    const running = this.loading.get(key);
    if (running) return running;
    const asked = { signal: new AbortController().signal, tell: () => undefined };
    const started = this.load(question, asked).finally(() => this.loading.delete(key));
    this.loading.set(key, started);
    return started;
  }

  private keep(loaded: Loaded): void {
    this.kept.set(loaded.key, loaded);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT_DOCUMENTS) break;
      this.kept.delete(oldest);
    }
  }
}

/** A run belongs to all who ask the same: if another reader cancelled it, it is asked for once more. */
async function answered(question: Question, asked: Asked): Promise<api.RunInfo> {
  for (let again = true; ; again = false) {
    const run = await api.startRun(runQuestion(question), asked.signal);
    asked.tell(run);
    if (run.state === "done") return run;
    try {
      return await follow(run.id, asked);
    } catch (fault) {
      const cancelled = fault instanceof api.ApiError && fault.code === "cancelled";
      if (!again || !cancelled) throw fault;
    }
  }
}

/** Resolves when the run is done; rejects with the fault of the run, or when it is aborted. */
function follow(id: string, asked: Asked): Promise<api.RunInfo> {
  return new Promise((resolve, reject) => {
    let timer = 0;
    let stop = (): void => undefined;
    const end = (act: () => void): void => {
      window.clearTimeout(timer);
      stop();
      act();
    };
    const hear = (run: api.RunInfo): void => {
      asked.tell(run);
      if (run.state === "done") end(() => resolve(run));
      else if (run.state === "failed") end(() => reject(faultOf(run)));
      else if (run.state === "cancelled") end(() => reject(new api.ApiError("cancelled", "", "")));
    };
    // Where the events are lost (a proxy, a server that restarts) the run is asked for its state.
    const poll = (): void => {
      api.getRun(id).then(
        (run) => {
          hear(run);
          if (run.state === "queued" || run.state === "running") timer = window.setTimeout(poll, POLL_MS);
        },
        (fault: unknown) => end(() => reject(fault)),
      );
    };
    stop = api.followRun(id, hear, poll);
    asked.signal.addEventListener("abort", () => {
      end(() => reject(new DOMException("aborted", "AbortError")));
    });
  });
}

function faultOf(run: api.RunInfo): api.ApiError {
  const { code = "failed", message = "", hint = "" } = run.error ?? {};
  return new api.ApiError(code, message, hint);
}
