// Runs by question: asked once, followed while they work, their documents kept in memory.
import { Doc, type LaterPart, type PartName, type Tables } from "../core/document";
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
const KEPT_PARTS = 24;
const POLL_MS = 1000;

export class Runs {
  private readonly kept = new Map<string, Loaded>();
  private readonly loading = new Map<string, Promise<Loaded>>();
  /** Later parts of documents by digest. */
  private readonly parts = new Map<string, Promise<Tables>>();

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
    const { id } = finished;
    const first = await api.getFirstPart(id, asked.signal);
    const key = questionText(this.info, question);
    const { texts, boundaries } = this.info;
    const doc = new Doc({ ...first, texts, boundaries }, (name, part) => this.later(id, name, part));
    const loaded = { key, id, question, doc };
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

  /** Scenarios share most of what is not in the first picture: a part that is here is not fetched again. */
  private later(id: string, name: PartName, { digest }: LaterPart): Promise<Tables> {
    const known = this.parts.get(digest);
    if (known) return known;
    const coming = api.getLaterPart(id, name);
    this.parts.set(digest, coming);
    coming.catch(() => this.parts.delete(digest));
    dropOldest(this.parts, KEPT_PARTS);
    return coming;
  }

  private keep(loaded: Loaded): void {
    this.kept.set(loaded.key, loaded);
    dropOldest(this.kept, KEPT_DOCUMENTS);
  }
}

function dropOldest(all: Map<string, unknown>, most: number): void {
  for (const oldest of all.keys()) {
    if (all.size <= most) break;
    all.delete(oldest);
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
