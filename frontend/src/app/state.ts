// The state of the app is the address: what is in the hash is what is shown, and nothing else.
import type { CaseInfo, CaseScenario, RunQuestion } from "./api";

/** What is asked, as difference to a scenario, so that addresses stay short and readable. */
export interface Question {
  scenario: string;
  year: number;
  on: string[];
  off: string[];
}

export interface AppState {
  page: string;
  question: Question;
  params: URLSearchParams;
}

/** The figures above it are the overview; what they come from follows. */
export const FIRST_PAGE = "itineraries";
const QUESTION_KEYS = ["scenario", "year", "on", "off"];

export function scenarioOf(info: CaseInfo, id: string): CaseScenario | undefined {
  return info.scenarios.find((scenario) => scenario.id === id);
}

export function plainQuestion(info: CaseInfo, scenario: string): Question {
  const found = scenarioOf(info, scenario);
  return { scenario, year: found?.year ?? info.base_year, on: [], off: [] };
}

/** The scenario the app opens with: the one that the case names, else that of its base year. */
export function firstScenario(info: CaseInfo): string {
  return scenarioOf(info, info.scenario)?.id ?? baseScenario(info);
}

/** The scenario that others are set against: nearest to the base year of the case, with the fewest measures. */
export function baseScenario(info: CaseInfo): string {
  const size = (s: CaseScenario): number => Math.abs(s.year - info.base_year) * 1000 + s.measures.length;
  return [...info.scenarios].sort((a, b) => size(a) - size(b))[0]?.id ?? "";
}

export function isChanged(info: CaseInfo, question: Question): boolean {
  const year = scenarioOf(info, question.scenario)?.year ?? info.base_year;
  return question.on.length + question.off.length > 0 || question.year !== year;
}

export function measuresTaken(info: CaseInfo, question: Question): string[] {
  const scenario = scenarioOf(info, question.scenario)?.measures ?? [];
  const kept = scenario.filter((id) => !question.off.includes(id));
  return [...kept, ...question.on.filter((id) => !kept.includes(id))];
}

export function runQuestion(question: Question): RunQuestion {
  const { scenario, year, on, off } = question;
  return { scenario, measures: on, year, ...(off.length ? { without: off } : {}) };
}

export function toggled(info: CaseInfo, question: Question, measure: string, taken: boolean): Question {
  const inScenario = scenarioOf(info, question.scenario)?.measures.includes(measure) ?? false;
  const on = question.on.filter((id) => id !== measure);
  const off = question.off.filter((id) => id !== measure);
  if (taken && !inScenario) on.push(measure);
  if (!taken && inScenario) off.push(measure);
  return { ...question, on: on.sort(), off: off.sort() };
}

/** One text for a question, for addresses of comparisons and as key of a cache. */
export function questionText(info: CaseInfo, question: Question): string {
  const marks = [...question.on.map((id) => `+${id}`), ...question.off.map((id) => `!${id}`)].sort();
  const year = scenarioOf(info, question.scenario)?.year === question.year ? [] : [String(question.year)];
  return [question.scenario, ...year, ...marks].join(",");
}

export function questionFromText(info: CaseInfo, text: string): Question | undefined {
  const [scenario = "", ...rest] = text.split(",");
  if (!scenarioOf(info, scenario)) return undefined;
  const question = plainQuestion(info, scenario);
  for (const word of rest) {
    if (/^\d{4}$/.test(word)) question.year = Number(word);
    else if (word.startsWith("+")) question.on.push(word.slice(1));
    else if (word.startsWith("!")) question.off.push(word.slice(1));
  }
  return known(info, question);
}

/** Leave out what this case does not have: an address may come from another case. */
function known(info: CaseInfo, question: Question): Question {
  const ids = new Set(info.measures.map((measure) => measure.id));
  const [first, last] = yearRange(info);
  const year = Math.min(last, Math.max(first, Math.round(question.year)));
  const inScenario = scenarioOf(info, question.scenario)?.measures ?? [];
  const on = question.on.filter((id) => ids.has(id) && !inScenario.includes(id));
  const off = question.off.filter((id) => inScenario.includes(id));
  return { ...question, year, on: [...new Set(on)].sort(), off: [...new Set(off)].sort() };
}

/** First and last year that can be asked for: until the last measure acts. */
export function yearRange(info: CaseInfo): [number, number] {
  const years = [info.base_year, ...info.years];
  return [Math.min(...years), Math.max(...years, ...info.measures.map((measure) => measure.from_year))];
}

/** Read the address; what it does not say stays as it is. */
export function readState(info: CaseInfo, hash: string, now: AppState | null): AppState {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const params = new URLSearchParams(query);
  const question = readQuestion(info, params, now?.question);
  for (const key of QUESTION_KEYS) params.delete(key);
  return { page: path || now?.page || FIRST_PAGE, question, params };
}

function readQuestion(info: CaseInfo, params: URLSearchParams, now?: Question): Question {
  const asked = params.get("scenario");
  if (asked === null && !QUESTION_KEYS.some((key) => params.has(key)) && now) return now;
  const scenario = asked && scenarioOf(info, asked) ? asked : (now?.scenario ?? firstScenario(info));
  const question = plainQuestion(info, scenario);
  const year = Number(params.get("year"));
  if (year) question.year = year;
  question.on = list(params.get("on"));
  question.off = list(params.get("off"));
  return known(info, question);
}

function list(text: string | null): string[] {
  return (text ?? "").split(",").filter(Boolean);
}

export function writeState(info: CaseInfo, state: AppState): string {
  const params = new URLSearchParams();
  const { scenario, year, on, off } = state.question;
  if (scenario) params.set("scenario", scenario);
  if (scenarioOf(info, scenario)?.year !== year) params.set("year", String(year));
  if (on.length) params.set("on", on.join(","));
  if (off.length) params.set("off", off.join(","));
  for (const [key, value] of state.params) if (value) params.append(key, value);
  // Commas separate ids, and ids hold none: an address with %2C would only be harder to read.
  return `#/${state.page}?${params.toString().replaceAll("%2C", ",")}`;
}
