// The JSON API of the server, typed; nothing else in the front end talks to the network.
import type { KarvanDocument, PartName, Tables, Texts4 } from "../core/document";
import type { Lang } from "../core/texts";

export interface CaseMeasure {
  id: string;
  title: Texts4;
  summary: Texts4 | null;
  pillar: string;
  tags: string[];
  state: string;
  from_year: number;
  authority: string;
  cost_musd: number | null;
  cost_low_musd: number | null;
  cost_high_musd: number | null;
  source_ids: string[];
  note: string;
  pending: string;
  changes: number;
}
export interface CaseScenario {
  id: string;
  year: number;
  measures: string[];
  title: Texts4;
  summary: Texts4 | null;
}
export interface CasePlace {
  id: string;
  locode: string;
  names: Texts4;
  country: string;
  kind: string;
  lat: number;
  lon: number;
}
export interface CaseCommodity {
  id: string;
  names: Texts4;
}
export interface CaseInfo {
  version: string;
  name: string;
  title: Texts4;
  base_year: number;
  years: number[];
  pillars: string[];
  objectives: string[];
  scenario: string;
  scenarios: CaseScenario[];
  measures: CaseMeasure[];
  commodities: CaseCommodity[];
  commodity: string;
  texts: KarvanDocument["texts"];
  boundaries: KarvanDocument["boundaries"];
}

/** What a run is asked: a scenario, measures beside or without its own, the year they are looked at. */
export interface RunQuestion {
  scenario: string;
  measures: string[];
  without?: string[];
  year: number;
}
export type RunState = "queued" | "running" | "done" | "failed" | "cancelled";
export interface RunInfo {
  id: string;
  state: RunState;
  stage: string;
  share: number;
  seconds: number;
  position: number;
  error: ApiFault | null;
}
export interface ApiFault {
  code: string;
  message: string;
  hint: string;
}

export interface RouteLeg {
  from: string;
  to: string;
  mode: string;
  service: string | null;
  transfer: string | null;
  km: number;
  wait_h: number;
  move_h: number;
  dwell_h: number;
  cost_usd_per_teu: number;
  co2e_kg_per_teu: number;
  nodes: string[];
  links: string[];
  source_ids: string[];
  assumed_or_calibrated: string[];
}
export interface RouteItinerary {
  mean_h: number;
  p10_h: number;
  p50_h: number;
  p90_h: number;
  transit_h: number;
  cost_usd_per_teu: number;
  co2e_kg_per_teu: number;
  generalized_cost_usd_per_teu: number;
  km: number;
  transfers: number;
  gauge_changes: number;
  borders: number;
  legs: RouteLeg[];
}
export interface RouteAnswer {
  origin: string;
  destination: string;
  depart: string | null;
  commodity: string;
  value_of_time_usd_per_teu_h: number;
  itineraries: RouteItinerary[];
}

/** A fault that the server described, or the lack of a server (code "unreachable"). */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

export const BASE = "/api/v1";
async function ask(path: string, init?: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(BASE + path, { credentials: "same-origin", ...init });
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") throw fault;
    throw new ApiError("unreachable", "", "");
  }
  if (answer.ok) return answer;
  throw await described(answer);
}

async function described(answer: Response): Promise<ApiError> {
  try {
    const body = (await answer.json()) as { error?: Partial<ApiFault> };
    const { code = "", message = "", hint = "" } = body.error ?? {};
    return new ApiError(code || String(answer.status), message || answer.statusText, hint);
  } catch {
    return new ApiError(String(answer.status), `${answer.status} ${answer.statusText}`, "");
  }
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await ask(path, init)).json()) as T;
}

/** The case with the texts of one language. */
export function getCase(language: Lang): Promise<CaseInfo> {
  return json<CaseInfo>(`/case?language=${language}`);
}

export interface PlaceList {
  total: number;
  places: CasePlace[];
}

export function findPlaces(text: string, signal?: AbortSignal): Promise<PlaceList> {
  const query = new URLSearchParams({ q: text, limit: "12" });
  return json<PlaceList>(`/places?${query.toString()}`, { signal: signal ?? null });
}

export interface CellDiff {
  table: string;
  key: (string | number | boolean | null)[];
  column: string;
  unit: string;
  before: string | number | boolean | null;
  after: string | number | boolean | null;
}
/** A pillar or index of a pair of countries that moved, and by what. */
export interface ScoreDiff {
  unit_id: string;
  element_id: string;
  before: number | null;
  after: number | null;
  /** Interval of the change over draws that both runs share. */
  change_low: number | null;
  change_high: number | null;
  beyond_noise: boolean;
  parts: { element_id: string; points: number }[];
}
/** A number in both runs, and the mean difference of their replications; null where they were drawn otherwise. */
export interface Difference {
  before: number | null;
  after: number | null;
  change: number | null;
  low: number | null;
  high: number | null;
}
/** A simulated journey in both runs, else all journeys of an alternative: then without ids. */
export interface JourneyDiff {
  alternative_id: string;
  /** In the first run, and in the second. */
  journey_id: string;
  later_id: string;
  teu: Difference;
  mean_h: Difference;
  p90_h: Difference;
}
export interface ComparisonInfo {
  tables: { table: string; added: number; removed: number; changed: number }[];
  scores: ScoreDiff[];
  journeys: JourneyDiff[];
  total_cells: number;
  cells: CellDiff[];
}

export function getComparison(before: string, after: string, signal?: AbortSignal): Promise<ComparisonInfo> {
  const query = new URLSearchParams({ before, after, limit: "500" });
  return json<ComparisonInfo>(`/compare?${query.toString()}`, { signal: signal ?? null });
}

export function startRun(question: RunQuestion, signal?: AbortSignal): Promise<RunInfo> {
  return json<RunInfo>("/runs", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(question),
    signal: signal ?? null,
  });
}

export function getRun(id: string): Promise<RunInfo> {
  return json<RunInfo>(`/runs/${encodeURIComponent(id)}`);
}

const MOST_RUNS = 200;

/** The questions of runs that are finished. */
export async function getFinished(): Promise<{ scenario: string; year: number; measures: string[] }[]> {
  const { runs } = await json<{ runs: { state: RunState; scenario: string; year: number; measures: string[] }[] }>(`/runs?limit=${MOST_RUNS}`);
  return runs.filter(({ state }) => state === "done");
}

export async function cancelRun(id: string): Promise<void> {
  await ask(`/runs/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** What a first picture shows of a run; texts and boundaries are those of the case. */
export function getFirstPart(id: string, signal?: AbortSignal): Promise<Omit<KarvanDocument, "texts" | "boundaries">> {
  return json(`/runs/${encodeURIComponent(id)}/document?part=first`, { signal: signal ?? null });
}

export async function getLaterPart(id: string, name: PartName): Promise<Tables> {
  return (await json<{ tables: Tables }>(`/runs/${encodeURIComponent(id)}/document?part=${name}`)).tables;
}

export function getRoute(question: URLSearchParams, signal?: AbortSignal): Promise<RouteAnswer> {
  return json<RouteAnswer>(`/route?${question.toString()}`, { signal: signal ?? null });
}

export function runUrl(id: string, part: string): string {
  return `${BASE}/runs/${encodeURIComponent(id)}/${part}`;
}

/** Follow a run by server-sent events; returns the function that stops following. */
export function followRun(id: string, tell: (run: RunInfo) => void, lost: () => void): () => void {
  const source = new EventSource(runUrl(id, "events"));
  const hear = (event: Event): void => {
    const data: unknown = (event as MessageEvent).data;
    if (typeof data !== "string") return;
    const run = { ...(JSON.parse(data) as RunInfo), id };
    if (run.state === "done" || run.state === "failed" || run.state === "cancelled") source.close();
    tell(run);
  };
  for (const name of ["stage", "progress", "done", "failed"]) {
    source.addEventListener(name, hear);
  }
  // The browser would reconnect silently for ever; whoever follows wants to know at once.
  source.onerror = () => {
    source.close();
    lost();
  };
  return () => source.close();
}
