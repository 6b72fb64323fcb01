"""Read one declared table from CSV: typed columns, and every fault with its place."""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from karvan.errors import Problem, did_you_mean
from karvan.schema import LIST_SEPARATOR, PROSE, UNIT_SUFFIXES, Column, TableSchema

MAX_FILE_BYTES = 100_000_000
"""A table is a hand-kept file; beyond this it is almost surely the wrong file."""

ROW = "row"
"""Line of the file a row came from; null for rows that a measure inserted."""

DTYPES: Mapping[str, Any] = {"number": pl.Float64, "integer": pl.Int64, "boolean": pl.Boolean}

ID = re.compile(r"[\w][\w.\-+]*")
DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
PERIOD = re.compile(
    r"\d{4}(-(Q[1-4]|H[12]|(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?))?"
    r"(/\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?)?"
)
DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
FIRST_YEAR, LAST_YEAR = 1000, 2200
LARGEST_NUMBER = 1e18
"""Above the product of any country in its own money: a slip, and would overflow."""

LARGEST_INTEGER = 2**53
"""Beyond it a number of a table no longer tells one from the next."""
LONGEST_SHOWN = 60


class BadCell(ValueError):
    """A cell that is not of its column's type: kind of fault, what is expected, hint."""

    def __init__(self, *, kind: str, expected: str, hint: str = "") -> None:
        super().__init__(expected)
        self.kind, self.expected, self.hint = kind, expected, hint


def unit_text(column: Column) -> str:
    """Return the unit in brackets, or nothing."""
    return f" [{column.unit}]" if column.unit and column.unit != "1" else ""


def _number(text: str, column: Column) -> float:
    try:
        value = float(text.replace("_", "?"))
    except ValueError:
        hint = "write the decimal point as '.', without thousands separators" if "," in text else ""
        raise BadCell(kind="type", expected=f"a number{unit_text(column)}", hint=hint) from None
    if value != value or value in (float("inf"), float("-inf")):
        raise BadCell(
            kind="finite",
            expected=f"a finite number{unit_text(column)}",
            hint="leave the cell empty for no data",
        )
    check_range(value, column)
    return value


def check_range(value: float, column: Column) -> None:
    """Raise :class:`BadCell` where `value` is outside the declared range of `column`, or absurd."""
    if column.minimum is not None and value < column.minimum:
        raise BadCell(kind="minimum", expected=f"a number >= {column.minimum:g}{unit_text(column)}")
    if column.maximum is not None and value > column.maximum:
        raise BadCell(kind="maximum", expected=f"a number <= {column.maximum:g}{unit_text(column)}")
    if column.type == "number" and abs(value) > LARGEST_NUMBER:
        raise BadCell(
            kind="size",
            expected=f"a number of at most {LARGEST_NUMBER:g} in size{unit_text(column)}",
            hint="is the unit right, or the exponent?",
        )


def _integer(text: str, column: Column) -> int:
    value = _number(text, column)
    if value != int(value) or abs(value) > LARGEST_INTEGER:
        raise BadCell(kind="type", expected="a whole number")
    return int(value)


def _boolean(text: str, column: Column) -> bool:
    if text not in {"yes", "no"}:
        raise BadCell(kind="type", expected="yes or no")
    return text == "yes"


def _enum(text: str, column: Column) -> str:
    if text not in column.values:
        raise BadCell(
            kind="enum",
            expected="one of " + ", ".join(column.values),
            hint=did_you_mean(text, column.values),
        )
    return text


def _id(text: str, column: Column) -> str:
    if not ID.fullmatch(text):
        raise BadCell(
            kind="type", expected="an id of letters, digits, '-', '_', '.' or '+' without blanks"
        )
    return text


def _refs(text: str, column: Column) -> str:
    parts = [part.strip() for part in text.split(LIST_SEPARATOR)]
    for part in parts:
        _id(part, column)
    return LIST_SEPARATOR.join(parts)


def _check_days(text: str) -> None:
    """Raise :class:`BadCell` where a year is out of range or a day is not in the calendar."""
    if not all(FIRST_YEAR <= int(year) <= LAST_YEAR for year in re.findall(r"\d{4}", text)):
        raise BadCell(kind="range", expected=f"a year between {FIRST_YEAR} and {LAST_YEAR}")
    for year, month, day in DAY.findall(text):
        try:
            dt.date(int(year), int(month), int(day))
        except ValueError:
            raise BadCell(kind="range", expected="a day of the calendar") from None


def _date(text: str, column: Column) -> str:
    if not DATE.fullmatch(text):
        raise BadCell(kind="type", expected="a date as YYYY, YYYY-MM or YYYY-MM-DD")
    _check_days(text)
    return text


def _period(text: str, column: Column) -> str:
    if not PERIOD.fullmatch(text):
        raise BadCell(
            kind="type",
            expected="a period as YYYY, YYYY-MM, YYYY-MM-DD, YYYY-Q1, YYYY-H1, start/end",
        )
    _check_days(text)
    start, _, end = text.partition("/")
    if end and end < re.sub("-[QH].", "", start)[: len(end)]:
        raise BadCell(kind="range", expected="a period whose end comes after its start")
    return text


def _country(text: str, column: Column) -> str:
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise BadCell(kind="type", expected="an ISO 3166-1 alpha-2 country code such as AZ")
    return text


CONVERT: Mapping[str, Callable[[str, Column], Any]] = {
    "id": _id,
    "ref": _id,
    "refs": _refs,
    "text": lambda text, _: text,
    PROSE: lambda text, _: text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "enum": _enum,
    "date": _date,
    "period": _period,
    "country": _country,
}


def convert(text: str, column: Column) -> Any:  # noqa: ANN401 - the type depends on the column
    """Return the typed value of a cell's text; BadCell tells what is wrong with it."""
    return CONVERT[column.type](text, column)


def shorten(text: str) -> str:
    """Return `text` quoted, cut where it would fill the screen."""
    return repr(text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "...")


def cell_place(declared: TableSchema, row: Mapping[str, Any], column: str = "") -> str:
    """Return file, row, key and column of a cell, for messages."""
    key = next(c.name for c in declared.columns if c.key)
    line = f"row {row[ROW]}" if row[ROW] is not None else "row added by a measure"
    return f"{declared.path} {line} ({row[key]}) {column}".rstrip()


def empty_table(schema: TableSchema) -> pl.DataFrame:
    """Return the table with its declared types and no rows."""
    types = {c.name: DTYPES.get(c.type, pl.String) for c in schema.columns}
    return pl.DataFrame(schema={**types, ROW: pl.Int64})


def read_table(path: Path, schema: TableSchema) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the typed table at `path` and every problem found in it.

    A column of type number is Float64, integer Int64, boolean Boolean, all others String; an
    empty cell is null or the declared default.  The extra column ``row`` is the line in the
    file.  With problems the table may lack rows: report, do not run.
    """
    text, problem = _text(path, schema)
    if problem:
        return empty_table(schema), [problem]
    return parse_table(text, schema, schema.path)


def _text(path: Path, schema: TableSchema) -> tuple[str, Problem | None]:
    def fault(kind: str, found: str, expected: str, hint: str = "") -> tuple[str, Problem]:
        return "", Problem(f"{schema.name}.file.{kind}", schema.path, found, expected, hint)

    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return fault(
                "size",
                f"a file of {path.stat().st_size / 1e6:.0f} MB",
                f"at most {MAX_FILE_BYTES / 1e6:.0f} MB",
                "is it the right file? split it or keep only the rows of the case",
            )
        data = path.read_bytes()
    except FileNotFoundError:
        return fault("missing", "no such file", schema.description, "create it with its header")
    except OSError as error:
        return fault("unreadable", str(error.strerror), "a readable file")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data:
        return fault("encoding", "UTF-16 or binary content", "UTF-8", "save it as 'CSV UTF-8'")
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return fault(
            "encoding", f"a byte that is not UTF-8 in line {line}", "UTF-8", "save as 'CSV UTF-8'"
        )


def parse_table(text: str, schema: TableSchema, where: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the typed table in `text` and every problem; see :func:`read_table`."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        problems = _check_header(header, schema, where)
        if problems:
            return empty_table(schema), problems
        rows, lines = [], []
        after = reader.line_num  # a cell in quotes may span lines; a row is where it starts
        for cells in reader:
            line, after = after + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problems.append(_ragged(schema, where, line, cells, header))
                continue
            rows.append(cells)
            lines.append(line)
    except csv.Error as error:
        found = f"{error} near line {reader.line_num}"
        expected = "comma-separated values, text with commas in double quotes"
        return empty_table(schema), [Problem(f"{schema.name}.file.csv", where, found, expected)]
    return _typed(header, rows, lines, schema, where, problems)


def _ragged(
    schema: TableSchema, where: str, line: int, cells: list[str], header: list[str]
) -> Problem:
    return Problem(
        f"{schema.name}.row.cells",
        f"{where} row {line} ({cells[0]})",
        f"{len(cells)} cells",
        f"{len(header)} cells, as in the header",
        "put text that holds a comma in double quotes",
    )


def _check_header(header: list[str], schema: TableSchema, where: str) -> list[Problem]:
    name, place = schema.name, f"{where} row 1"
    if len(header) == 1 and header[0].count(";") >= len(schema.columns) // 3 > 0:
        return [
            Problem(
                f"{name}.file.separator",
                where,
                "columns separated by ';'",
                "by ','",
                "export it as 'CSV (comma delimited)'",
            )
        ]
    problems = []
    for column in dict.fromkeys(header):
        if header.count(column) > 1:
            problems.append(
                Problem(f"{name}.header.duplicate", place, f"'{column}' twice", "each column once")
            )
        if column not in schema.names:
            problems.append(_unknown_column(column, schema, place))
    problems += [
        Problem(
            f"{name}.header.missing",
            place,
            f"no column '{c.name}'",
            c.description,
            "add the column" + unit_text(c),
        )
        for c in schema.columns
        if c.required and c.name not in header
    ]
    return problems


def _unknown_column(column: str, schema: TableSchema, place: str) -> Problem:
    """A column of the right name with another unit is named as such."""
    for known in schema.columns:
        suffix = UNIT_SUFFIXES.get(known.unit, "")
        stem = known.name.removesuffix(suffix) if suffix else ""
        if stem and re.fullmatch(rf"{re.escape(stem)}(_[a-z0-9]+)+", column):
            return Problem(
                f"{schema.name}.header.unit",
                place,
                f"column '{column}'",
                f"'{known.name}'{unit_text(known)}",
                "convert the values and rename the column",
            )
    return Problem(
        f"{schema.name}.header.unknown",
        place,
        f"unknown column '{column}'",
        "only declared columns",
        did_you_mean(column, schema.names) or "see the schema reference",
    )


def _typed(
    header: list[str],
    rows: list[list[str]],
    lines: list[int],
    schema: TableSchema,
    where: str,
    problems: list[Problem],
) -> tuple[pl.DataFrame, list[Problem]]:
    label = next((c.name for c in schema.columns if c.key), schema.columns[0].name)
    labels = [row[header.index(label)] for row in rows] if label in header else [""] * len(rows)
    data: dict[str, pl.Series] = {}
    for column in schema.columns:
        cells = (
            [row[header.index(column.name)].strip() for row in rows]
            if column.name in header
            else [""] * len(rows)
        )
        values, faults = _column_values(cells, column)
        problems += [
            Problem(
                f"{schema.name}.{column.name}.{fault.kind}",
                f"{where} row {lines[n]} ({labels[n]}) {column.name}",
                shorten(cells[n]) if cells[n] else "an empty cell",
                fault.expected,
                fault.hint,
            )
            for n, fault in faults
        ]
        data[column.name] = pl.Series(
            column.name, values, dtype=DTYPES.get(column.type, pl.String), strict=False
        )
    data[ROW] = pl.Series(ROW, lines, dtype=pl.Int64)
    return pl.DataFrame(data), problems


def _column_values(cells: list[str], column: Column) -> tuple[list[Any], list[tuple[int, BadCell]]]:
    default = convert(column.default, column) if column.default else None
    values: list[Any] = []
    faults: list[tuple[int, BadCell]] = []
    known: dict[str, Any] = {"": default}
    for n, cell in enumerate(cells):
        if cell == "" and column.required:
            faults.append(
                (n, BadCell(kind="missing", expected=column.description + unit_text(column)))
            )
        try:
            if cell not in known:
                known[cell] = convert(cell, column)
            values.append(known[cell])
        except BadCell as fault:
            faults.append((n, fault))
            values.append(None)
    return values, faults
