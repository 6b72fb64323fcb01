"""Names, units and types of every table column, and the reader they drive.

The declarations live in ``schema/tables.csv`` (which tables there are and where a case keeps
them) and ``schema/tables/<table>.csv`` (their columns).  Reading, checking, defaults and the
reference documentation all come from these files.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

LIST_SEPARATOR = ";"


def list_of(cell: str | None) -> tuple[str, ...]:
    """Return the parts of a cell that holds a list; none where it is empty."""
    return tuple(part.strip() for part in (cell or "").split(LIST_SEPARATOR) if part.strip())


PROSE = "prose"
"""Type of columns with English sentences that a case's catalogues may translate."""

UNIT_SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "h": "_h",
        "km": "_km",
        "km/h": "_kmh",
        "t": "_t",
        "m": "_m",
        "mm": "_mm",
        "TEU": "_teu",
        "t/year": "_t_per_year",
        "TEU/year": "_teu_per_year",
        "trains/day": "_trains_per_day",
        "TEU/train": "_teu_per_train",
        "t/train": "_t_per_train",
        "1/USD": "_per_usd",
        "USD/TEU": "_usd_per_teu",
        "USD/TEU-km": "_usd_per_teu_km",
        "USD/TEU-h": "_usd_per_teu_h",
        "t/TEU": "_t_per_teu",
        "g CO2e/tkm": "_g_per_tkm",
        "kg CO2e/TEU": "_kg_per_teu",
        "1": "_share",
    }
)
"""Declared unit -> ending of the column's name."""

UNITS_WITHOUT_SUFFIX = frozenset({"deg"})


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column.

    Attributes
    ----------
    name, unit, description : str
    type : str
        ``id, text, prose, number, integer, boolean, enum, date, period, country, ref, refs``.
    required, key : bool
        A required cell must not be empty; a key is unique in its table.
    default : str
        Text of the value an empty cell takes; empty means null.
    minimum, maximum : float or None
    values : tuple of str
        Allowed words of an enum.
    references : str
        Table whose ``id`` the cell must name.
    """

    name: str
    type: str
    unit: str
    required: bool
    key: bool
    default: str
    minimum: float | None
    maximum: float | None
    values: tuple[str, ...]
    references: str
    description: str


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One declared table: its place in a case folder and its columns."""

    name: str
    path: str
    required: bool
    description: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column called `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def quantities(self) -> tuple[str, ...]:
        """Quantities with provenance: each ``q`` that has a ``q_status`` column."""
        return tuple(n.removesuffix("_status") for n in self.names if n.endswith("_status"))

    def value_columns(self, quantity: str) -> tuple[str, ...]:
        """Number columns that the provenance columns of `quantity` speak of.

        They are the number columns between the previous provenance block and this one.
        """
        values: list[str] = []
        for column in self.columns:
            if column.name == f"{quantity}_status":
                return tuple(values)
            if re.search(r"_(status|formula|source_id|reason)$", column.name):
                values.clear()
            elif column.type in {"number", "integer"}:
                values.append(column.name)
        raise KeyError(quantity)


def _number(text: str) -> float | None:
    return float(text) if text else None


def _column(row: Mapping[str, str]) -> Column:
    return Column(
        name=row["column"],
        type=row["type"],
        unit=row["unit"],
        required=row["required"] == "yes",
        key=row["key"] == "yes",
        default=row["default"],
        minimum=_number(row["minimum"]),
        maximum=_number(row["maximum"]),
        values=tuple(row["values"].split("|")) if row["values"] else (),
        references=row["references"],
        description=row["description"],
    )


def _rows(*parts: str) -> list[dict[str, str]]:
    text = files("karvan.schema").joinpath(*parts).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def tables() -> Mapping[str, TableSchema]:
    """Return every declared table by name, in reading order."""
    index = _rows("tables.csv")
    return MappingProxyType(
        {
            row["table"]: TableSchema(
                name=row["table"],
                path=row["path"],
                required=row["required"] == "yes",
                description=row["description"],
                columns=tuple(_column(r) for r in _rows("tables", f"{row['table']}.csv")),
            )
            for row in index
        }
    )


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One declared column of a result table."""

    name: str
    type: str
    unit: str
    key: bool
    description: str


INPUT = "input_"
"""Prefix of the result tables that hold the case's own tables, as the run used them."""

RESULT_TYPES = MappingProxyType({t: t for t in ("number", "integer", "boolean", PROSE)})


@cache
def result_tables() -> Mapping[str, tuple[ResultColumn, ...]]:
    """Return the columns of every result table by name."""
    found: dict[str, list[ResultColumn]] = {}
    for row in _rows("results.csv"):
        column = ResultColumn(
            row["column"], row["type"], row["unit"], row["key"] == "yes", row["description"]
        )
        found.setdefault(row["table"], []).append(column)
    for name, table in tables().items():
        found[INPUT + name] = [
            ResultColumn(c.name, RESULT_TYPES.get(c.type, "text"), c.unit, c.key, c.description)
            for c in table.columns
        ]
    return MappingProxyType({name: tuple(columns) for name, columns in found.items()})
