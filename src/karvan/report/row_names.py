"""Names of tables, rows, columns and values of results, in the reader's language."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from karvan import schema
from karvan.case.results import Results
from karvan.report.language import Texts
from karvan.report.simulation_words import simulation_names

Row = Mapping[str, Any]

FLOWS, SIMULATION, PILLARS = "Flows", "The corridor in motion", "Five pillars"
WORDS: Mapping[str, str] = {
    "pairs": "origin-destination pairs",
    "flows": "demand",
    "alternatives": "route alternatives",
    "constants": "constants of the route choice",
    "markets": "markets of the demand",
    "units": "country pairs",
    "indicator_values": "values of indicators",
    "itineraries": "Itineraries",
    "bottlenecks": "Bottlenecks",
    "lifting": "Bottlenecks",
    "network_links": "links",
    "network_nodes": "nodes",
    "skims": "Times and costs between all places",
    "evidence_state": "State of the data",
    **dict.fromkeys(("assignment", "alternative_flows", "flow_itineraries", "loads"), FLOWS),
}
"""What a table holds, where that is not the table's own name; what is not named is its name."""
FAMILIES: Mapping[str, str] = {"score": PILLARS, "simulat": SIMULATION}
"""The same for all tables whose names begin so."""

OF_THE_CASE = frozenset({"network_nodes", "network_links", "measures", "scenarios", "validation"})
"""Result tables whose rows are those of a table of the case."""

OF_RESOURCES = frozenset({"kind", "id", "from_node", "to_node", "unit", "resource"})
PLACES = frozenset({"origin", "destination", "from_node", "to_node", "node"})
TABLE_OF: Mapping[str, str] = {
    "commodity_id": "input_commodities",
    "pair_id": "input_pairs",
    "flow_id": "input_flows",
    "market": "input_markets",
    "unit_id": "input_units",
    "other_unit_id": "input_units",
    "indicator_id": "input_indicators",
    "element_id": "input_indicators",
    "other_element_id": "input_indicators",
    "claim_id": "input_claims",
    "link_id": "input_links",
}
"""Where the rows are that a key of a result names."""

OF_KIND: Mapping[str, str] = {
    "link": "input_links",
    "service": "input_services",
    "terminal": "input_terminals",
}


def table_word(name: str, texts: Texts) -> str:
    """Return what a table holds."""
    plain = name.removeprefix(schema.INPUT)
    families = (words for start, words in FAMILIES.items() if plain.startswith(start))
    word = WORDS.get(plain) or next(families, plain.replace("_", " "))
    return texts.capital(texts(word, "table" if plain == "transfers" else ""))


class RowNames:
    """Names of what two runs hold; a row that only the first one has is found there.

    Parameters
    ----------
    results : sequence of Results
        The later run first.
    texts : Texts
    """

    def __init__(self, results: Sequence[Results], texts: Texts) -> None:
        self.texts = texts
        self._results = tuple(results)
        self._simulated = simulation_names(results[0].table, texts)
        self._flows = self._simulated.flows
        self._rows: dict[str, dict[str, Row]] = {}

    def table(self, name: str) -> str:
        """Return what a table holds."""
        return table_word(name, self.texts)

    def column(self, table: str, name: str) -> str:
        """Return what a column of a table holds, with its unit."""
        found = next(c for c in schema.result_tables()[table] if c.name == name)
        words = self.texts(found.description)
        return self.texts.bracketed(words, self.texts.unit(found.unit)) if found.unit else words

    def row(self, table: str, key: Sequence[Any]) -> str:
        """Return the name of a row."""
        if table.startswith(schema.INPUT) or table in OF_THE_CASE:
            return self._named(table, str(key[0]))
        names = [c.name for c in schema.result_tables()[table] if c.key]
        cells = dict(zip(names, key, strict=True))
        parts = []
        if "kind" in cells and "id" in cells:
            parts.append(self._resource(cells))
            names = [n for n in names if n not in OF_RESOURCES]
        elif "origin" in cells:
            parts.append(self._flows.way(cells["origin"], cells["destination"]))
            names = [n for n in names if n not in PLACES]
        parts += [self._part(name, cells[name]) for name in names]
        return self.texts.clauses(part for part in parts if part)

    def value(self, value: object, digits: int = 3) -> str:
        """Return a cell."""
        if value is None:
            return "–"
        if isinstance(value, bool):
            return self.texts("yes") if value else self.texts("no")
        if isinstance(value, int | float):
            decimals = len(str(value).partition(".")[2]) if not float(value).is_integer() else 0
            return self.texts.number(value, min(decimals, digits))
        return str(value)

    def _part(self, column: str, value: object) -> str:
        if column == "alternative_id":
            return self._alternative(str(value))
        table = TABLE_OF.get(column)
        return self._named(table, str(value)) if table else self.value(value)

    def _resource(self, cells: Row) -> str:
        if cells.get("resource"):
            return self._simulated.resource(cells)
        if cells["kind"] == "corridor":
            return self._alternative(str(cells["id"]))
        if cells.get("from_node") is None:
            return self._named(OF_KIND[cells["kind"]], str(cells["id"]))
        return self._flows.resource({"from_node": "", "to_node": "", **cells})

    def _alternative(self, key: str) -> str:
        # What only the earlier run has is not among the names of the flows; what is no row is.
        return self._flows.alternative(self._named("input_alternatives", key))

    def _named(self, table: str, key: str) -> str:
        row = self._table(table).get(key)
        if row is None:
            return key
        ways: tuple[tuple[str, Callable[[Row], str]], ...] = (
            ("claim_en", self._claim),
            ("subject_table", self._operated),
            ("from_node", self._link),
            ("origin", self._pair),
            ("node", self._at_node),
        )
        for stem in ("name", "title"):
            if row.get(f"{stem}_en"):
                own = row.get(f"{stem}_{self.texts.language}") or row[f"{stem}_en"]
                return str(own)
        return next((words(row) for column, words in ways if row.get(column)), key)

    def _claim(self, row: Row) -> str:
        return self.texts.bracketed(
            row.get(f"claim_{self.texts.language}") or row["claim_en"], row["id"]
        )

    def _operated(self, row: Row) -> str:
        # What the number is has no words of its own: the column of the table explains it.
        subject = self._named(schema.INPUT + row["subject_table"], row["subject_id"])
        return self.texts.bracketed(subject, row["quantity"])

    def _link(self, row: Row) -> str:
        # A row of links has no direction: both ends.
        return self._flows.resource({**row, "kind": "link", "from_node": "", "to_node": ""})

    def _pair(self, row: Row) -> str:
        """Origin and destination, and the commodity unless it is the first of the case."""
        way = self._flows.way(row["origin"], row["destination"])
        goods = self._table("input_commodities")
        if row["commodity_id"] in (None, "", next(iter(goods), None)):
            return way
        return f"{way} · {self._named('input_commodities', row['commodity_id'])}"

    def _at_node(self, row: Row) -> str:
        place = self._flows.places.get(row["node"], row["node"])
        modes = [str(mode) for mode in (row.get("from_mode"), row.get("to_mode")) if mode]
        if not modes:
            return place
        return self.texts.bracketed(place, " → ".join(self.texts(mode) for mode in modes))

    def _table(self, name: str) -> Mapping[str, Row]:
        """Rows by id, as the later run has them."""
        if name not in self._rows:
            self._rows[name] = {}
            # Runs of an earlier version lack tables that came later.
            for results in (one for one in self._results if name in one.names()):
                for row in results.table(name).iter_rows(named=True):
                    self._rows[name].setdefault(str(row["id"]), row)
        return self._rows[name]
