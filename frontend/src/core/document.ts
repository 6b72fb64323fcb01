/** The results document: tables of one run, texts and boundaries; some tables come after the first picture. */

import { field, lang } from "./texts";

export type Cell = string | number | boolean | null;
export type Row = Record<string, Cell>;
export type Texts4 = Record<"ru" | "az" | "en" | "zh", string>;

export interface ColumnInfo {
  name: string;
  type: "text" | "prose" | "number" | "integer" | "boolean";
  unit: string;
  key: boolean;
  description: string;
}

export interface Meta {
  case: string;
  title: Texts4;
  scenario: string;
  year: number;
  measures: string[];
  seed: number;
  versions: Record<string, string>;
  code: string;
  warnings: string[];
  complete: boolean;
}

export interface Country {
  id: string;
  polygons: [number, number][][][];
}

export type Tables = Record<string, { columns: ColumnInfo[]; rows: Cell[][] }>;
export type PartName = "evidence" | "details" | "simulation" | "movements";
/** Parts that only their own pages need: large, and nothing that a dialog shows. */
const ON_DEMAND: ReadonlySet<PartName> = new Set<PartName>(["simulation", "movements"]);
export interface LaterPart {
  /** The same digest is the same part, whatever the run. */
  digest: string;
  /** Number of rows by table. */
  rows: Record<string, number>;
}

export interface KarvanDocument {
  format: 1;
  meta: Meta;
  texts: Partial<Record<"ru" | "az" | "zh", Record<string, string>>>;
  tables: Tables;
  boundaries: { countries: Country[]; attribution: string; disclaimer: string };
  later?: Record<PartName, LaterPart>;
}
/** Gets the tables of a part that is not in the document yet. */
export type PartLoader = (name: PartName, part: LaterPart) => Promise<Tables>;

/** Read access to a document; tables become rows only when someone asks for them. */
export class Doc {
  readonly meta: Meta;
  readonly raw: KarvanDocument;
  private readonly rows = new Map<string, Row[]>();
  private readonly indexes = new Map<string, Map<string, Row>>();
  private translations: Map<string, string> | null = null;
  private readonly missing: Map<PartName, LaterPart>;
  private readonly coming = new Map<PartName, Promise<void>>();

  constructor(
    raw: KarvanDocument,
    private readonly load?: PartLoader,
  ) {
    this.raw = { ...raw, tables: { ...raw.tables } };
    this.meta = raw.meta;
    this.missing = new Map(Object.entries(raw.later ?? {}) as [PartName, LaterPart][]);
  }

  /** Resolves when these parts, else all that dialogs show, are there; null where they are already. */
  need(names: readonly PartName[] = [...this.missing.keys()].filter((name) => !ON_DEMAND.has(name))): Promise<void> | null {
    const wanted = names.filter((name) => this.missing.has(name));
    return wanted.length === 0 ? null : Promise.all(wanted.map((name) => this.fetched(name))).then(() => undefined);
  }

  private fetched(name: PartName): Promise<void> {
    const under = this.coming.get(name);
    if (under) return under;
    const part = this.missing.get(name)!;
    const coming = (this.load?.(name, part) ?? Promise.reject(new Error(`no part ${name}`))).then((tables) => {
      Object.assign(this.raw.tables, tables);
      this.missing.delete(name);
    });
    this.coming.set(name, coming);
    // Whoever asks again after a fault starts anew.
    coming.catch(() => this.coming.delete(name));
    return coming;
  }

  /** Names of all tables with their numbers of rows, those of parts that are not there yet too. */
  sizes(): Map<string, number> {
    const here = Object.entries(this.raw.tables).map(([name, table]): [string, number] => [name, table.rows.length]);
    return new Map([...here, ...[...this.missing.values()].flatMap((part) => Object.entries(part.rows))]);
  }

  /** As need(), for the part that holds a table. */
  needTable(table: string): Promise<void> | null {
    return this.need([...this.missing].filter(([, { rows }]) => table in rows).map(([name]) => name));
  }

  /** Return the rows of a table; none where the run has no such table. */
  table(name: string): Row[] {
    const known = this.rows.get(name);
    if (known) return known;
    for (const [part, { rows }] of this.missing) {
      if (name in rows) throw new Error(`${name} is read before its part ${part} is there`);
    }
    const rows = this.build(name);
    this.rows.set(name, rows);
    return rows;
  }

  columns(name: string): ColumnInfo[] {
    return this.raw.tables[name]?.columns ?? [];
  }

  /** Return the row whose first key column is `key`. */
  row(table: string, key: string): Row | undefined {
    let index = this.indexes.get(table);
    if (!index) {
      index = new Map();
      const column = this.keyColumn(table);
      for (const row of this.table(table)) {
        const id = String(row[column] ?? "");
        if (!index.has(id)) index.set(id, row);
      }
      this.indexes.set(table, index);
    }
    return index.get(key);
  }

  /** Return the name of a row in the reader's language, else its English name, else its id. */
  name(table: string, id: string): string {
    const row = this.row(table, id);
    return field(row, "name") || field(row, "title") || id;
  }

  /** Return a place's name. */
  place(id: string): string {
    return this.name("network_nodes", id) !== id
      ? this.name("network_nodes", id)
      : this.name("input_nodes", id);
  }

  /** Return a free text of the case in the reader's language, if the case has it and its part is there. */
  translation(english: string): string | undefined {
    if (this.missing.has("evidence")) return undefined;
    this.translations ??= new Map(
      this.table("texts").map((row) => [`${row.language}\u0004${row.text}`, String(row.translation)]),
    );
    return this.translations.get(`${lang()}\u0004${english}`);
  }

  private keyColumn(table: string): string {
    const columns = this.columns(table);
    return (columns.find((c) => c.key) ?? columns[0])?.name ?? "id";
  }

  private build(name: string): Row[] {
    const table = this.raw.tables[name];
    if (!table) return [];
    const names = table.columns.map((c) => c.name);
    return table.rows.map((cells) => {
      const row: Row = {};
      names.forEach((column, i) => (row[column] = cells[i] ?? null));
      return row;
    });
  }
}

/** Return the ids of a list "a;b"; each once. */
export function ids(text: Cell | undefined): string[] {
  const parts = String(text ?? "").split(";").map((part) => part.trim());
  return [...new Set(parts.filter((part) => part !== ""))];
}

/** Return a cell as a number, null where it is none. */
export function number(cell: Cell | undefined): number | null {
  return typeof cell === "number" && Number.isFinite(cell) ? cell : null;
}
