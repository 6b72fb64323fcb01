"""Reading one table: types, defaults, encodings, and every fault with its place."""

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from karvan.errors import Problem
from karvan.schema import Column, TableSchema, read
from karvan.schema.read import ROW, empty_table, parse_table, read_table

HEADER = "id,name,length_km,count,flag,mode,opens,period,land,other,others,amount"
ROW_1 = "a,Alat,10.5,3,yes,rail,2024-05,2024-Q1,AZ,b,b;c,7"


def column(name: str, type: str, **given: object) -> Column:
    empty: dict[str, object] = {
        "unit": "",
        "required": False,
        "key": False,
        "default": "",
        "minimum": None,
        "maximum": None,
        "values": (),
        "references": "",
        "description": f"what {name} means",
    }
    return Column(name=name, type=type, **{**empty, **given})  # type: ignore[arg-type]


THINGS = TableSchema(
    name="things",
    path="network/things.csv",
    required=True,
    description="Things",
    columns=(
        column("id", "id", required=True, key=True),
        column("name", "text", required=True),
        column("length_km", "number", unit="km", minimum=0.0, maximum=1e4),
        column("count", "integer", minimum=0.0),
        column("flag", "boolean", default="yes"),
        column("mode", "enum", values=("rail", "sea", "ferry")),
        column("opens", "date"),
        column("period", "period"),
        column("land", "country"),
        column("other", "ref", references="things"),
        column("others", "refs", references="things"),
        column("amount", "number", default="1"),
    ),
)


def parse(*lines: str, header: str = HEADER) -> tuple[pl.DataFrame, list[Problem]]:
    return parse_table("\n".join((header, *lines)) + "\n", THINGS, THINGS.path)


def one_problem(*lines: str, header: str = HEADER) -> Problem:
    _, problems = parse(*lines, header=header)
    assert len(problems) == 1, problems
    return problems[0]


def with_cell(name: str, text: str) -> str:
    cells = ROW_1.split(",")
    cells[HEADER.split(",").index(name)] = text
    return ",".join(cells)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "things.csv"
        path.write_bytes(data)
        return path

    return write


def test_cells_take_the_declared_types() -> None:
    table, problems = parse(ROW_1)
    assert problems == []
    assert table.row(0, named=True) == {
        "id": "a",
        "name": "Alat",
        "length_km": 10.5,
        "count": 3,
        "flag": True,
        "mode": "rail",
        "opens": "2024-05",
        "period": "2024-Q1",
        "land": "AZ",
        "other": "b",
        "others": "b;c",
        "amount": 7.0,
        ROW: 2,
    }
    assert table.schema == empty_table(THINGS).schema


def test_empty_cells_and_absent_columns_are_null_or_the_default() -> None:
    whole, problems = parse("a,Alat,,,,,,,,,,")
    short, faults = parse("a,Alat", header="id,name")
    assert problems == faults == []
    assert whole.equals(short)
    row = whole.row(0, named=True)
    assert (row["flag"], row["amount"], row["length_km"], row["opens"]) == (True, 1.0, None, None)


def test_blanks_round_cells_and_names_and_blank_lines_do_not_count() -> None:
    table, problems = parse(" a , Alat ", "", " , ", "b,Baku", header=" id , name ")
    assert problems == []
    assert table["id"].to_list() == ["a", "b"]
    assert table["name"].to_list() == ["Alat", "Baku"]
    assert table[ROW].to_list() == [2, 5], "the line of the file, blank ones counted"


def test_columns_may_come_in_any_order() -> None:
    table, problems = parse("Alat,a", header="name,id")
    assert problems == []
    assert table.columns == empty_table(THINGS).columns


@pytest.mark.parametrize(
    ("encode", "what"),
    [
        (lambda text: b"\xef\xbb\xbf" + text.encode(), "byte order mark"),
        (lambda text: text.replace("\n", "\r\n").encode(), "CRLF"),
        (lambda text: text.replace("\n", "\r").encode(), "CR"),
        (lambda text: text.rstrip("\n").encode(), "no newline at the end"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_editors_may_write_as_they_like(
    file: Callable[[bytes], Path], encode: Callable[[str], bytes], what: str
) -> None:
    text = f"{HEADER}\n{ROW_1}\n{with_cell('id', 'z')}\n"
    plain, _ = parse_table(text, THINGS, THINGS.path)
    table, problems = read_table(file(encode(text)), THINGS)
    assert problems == [], what
    assert table.equals(plain), what


def test_a_quoted_newline_stays_and_the_row_is_where_it_starts() -> None:
    table, problems = parse('a,"two\nlines, and ""quotes"""', "b,Baku", header="id,name")
    assert problems == []
    assert table["name"].to_list() == ['two\nlines, and "quotes"', "Baku"]
    assert table[ROW].to_list() == [2, 4]


@pytest.mark.parametrize("name", ["əlat", "актау", "西安", "a.b-c_d+e", "2024"])
def test_ids_may_be_of_any_alphabet(name: str) -> None:
    table, problems = parse(f"{name},Şəki 霍尔果斯 Құрық Баку", header="id,name")
    assert problems == []
    assert table["id"].item() == name
    assert table["name"].item() == "Şəki 霍尔果斯 Құрық Баку"


@pytest.mark.parametrize(
    ("name", "text", "check", "found", "expected"),
    [
        ("length_km", "ten", "type", "'ten'", "a number [km]"),
        ("length_km", "1_000", "type", "'1_000'", "a number [km]"),
        ("length_km", "0x10", "type", "'0x10'", "a number [km]"),
        ("length_km", "10 km", "type", "'10 km'", "a number [km]"),
        ("length_km", "nan", "finite", "'nan'", "a finite number [km]"),
        ("length_km", "NaN", "finite", "'NaN'", "a finite number [km]"),
        ("length_km", "inf", "finite", "'inf'", "a finite number [km]"),
        ("length_km", "-Infinity", "finite", "'-Infinity'", "a finite number [km]"),
        ("length_km", "1e999", "finite", "'1e999'", "a finite number [km]"),
        ("length_km", "-0.1", "minimum", "'-0.1'", "a number >= 0 [km]"),
        ("length_km", "10001", "maximum", "'10001'", "a number <= 10000 [km]"),
        ("count", "2.5", "type", "'2.5'", "a whole number"),
        ("count", "1e30", "type", "'1e30'", "a whole number"),
        ("count", "-1", "minimum", "'-1'", "a number >= 0"),
        ("flag", "true", "type", "'true'", "yes or no"),
        ("mode", "fery", "enum", "'fery'", "one of rail, sea, ferry"),
        ("opens", "1.5.2024", "type", "'1.5.2024'", "a date as YYYY, YYYY-MM or YYYY-MM-DD"),
        ("opens", "2024-13", "type", "'2024-13'", "a date as YYYY, YYYY-MM or YYYY-MM-DD"),
        ("opens", "2023-02-29", "range", "'2023-02-29'", "a day of the calendar"),
        ("opens", "0999", "range", "'0999'", "a year between 1000 and 2200"),
        ("opens", "9999-12-31", "range", "'9999-12-31'", "a year between 1000 and 2200"),
        ("period", "Q1 2024", "type", "'Q1 2024'", "a period as YYYY"),
        ("period", "2024/2201", "range", "'2024/2201'", "a year between 1000 and 2200"),
        ("period", "2024-04-31", "range", "'2024-04-31'", "a day of the calendar"),
        ("period", "2024/2023", "range", "'2024/2023'", "a period whose end comes after"),
        ("period", "2024-05/2024-04", "range", "'2024-05/2024-04'", "a period whose end"),
        ("land", "AZE", "type", "'AZE'", "an ISO 3166-1 alpha-2 country code"),
        ("land", "az", "type", "'az'", "an ISO 3166-1 alpha-2 country code"),
        ("other", "a b", "type", "'a b'", "an id of letters"),
        ("others", "b;;c", "type", "'b;;c'", "an id of letters"),
        ("id", "a/b", "type", "'a/b'", "an id of letters"),
        ("id", "", "missing", "an empty cell", "what id means"),
        ("name", "", "missing", "an empty cell", "what name means"),
    ],
)
def test_a_wrong_cell_is_named_with_what_is_expected(
    name: str, text: str, check: str, found: str, expected: str
) -> None:
    problem = one_problem(ROW_1, with_cell(name, text).replace("a,", "b,", 1))
    assert problem.check == f"things.{name}.{check}"
    assert problem.where.startswith("network/things.csv row 3 (")
    assert problem.where.endswith(f") {name}")
    assert problem.found == found
    assert problem.expected.startswith(expected)


@pytest.mark.parametrize(
    "text", ["2024", "2024-02-29", "2024-H2", "2024-Q1/2024-02", "2024/2024-05", "2023-11/2024"]
)
def test_periods_of_the_calendar_are_fine(text: str) -> None:
    header = "id,name,period"
    assert parse(f"a,Alat,{text}", header=header)[1] == []


def test_a_decimal_comma_gets_a_hint() -> None:
    problem = one_problem(with_cell("length_km", '"1,5"'))
    assert problem.check == "things.length_km.type"
    assert problem.found == "'1,5'"
    assert "decimal point" in problem.hint


def test_an_enum_gets_the_nearest_word_as_hint() -> None:
    assert one_problem(with_cell("mode", "fery")).hint == "did you mean 'ferry'?"


def test_a_long_cell_is_cut_in_the_message() -> None:
    problem = one_problem(with_cell("length_km", "x" * 5000))
    assert len(problem.found) == read.LONGEST_SHOWN + 2


def test_all_faults_of_a_table_come_at_once_and_good_rows_stay() -> None:
    table, problems = parse(
        with_cell("length_km", "far"),
        with_cell("mode", "air").replace("a,", "b,", 1),
        "c,Carlton",
        with_cell("flag", "maybe").replace("a,", "d,", 1),
    )
    assert [p.check for p in problems] == [
        "things.row.cells",
        "things.length_km.type",
        "things.flag.type",
        "things.mode.enum",
    ]
    assert table["id"].to_list() == ["a", "b", "d"]


@pytest.mark.parametrize("row", ["b,Baku,1", ROW_1 + ",8", "b,A town, with a comma" + "," * 10])
def test_a_ragged_row_is_named(row: str) -> None:
    problem = one_problem(ROW_1, row)
    assert problem.check == "things.row.cells"
    assert problem.where == f"network/things.csv row 3 ({row[0]})"
    assert problem.found == f"{len(row.split(','))} cells"
    assert problem.expected == "12 cells, as in the header"


def test_a_column_twice_is_refused() -> None:
    problem = one_problem("a,Alat,1,2", header="id,name,length_km,length_km")
    assert problem.check == "things.header.duplicate"
    assert problem.where == "network/things.csv row 1"
    assert problem.found == "'length_km' twice"


def test_an_unknown_column_gets_the_nearest_name_as_hint() -> None:
    problem = one_problem("a,Alat,rail", header="id,name,mod")
    assert problem.check == "things.header.unknown"
    assert problem.found == "unknown column 'mod'"
    assert problem.hint == "did you mean 'mode'?"


@pytest.mark.parametrize("name", ["length_mi", "length_m", "length_nautical_miles"])
def test_a_column_in_another_unit_is_told_from_an_unknown_one(name: str) -> None:
    problem = one_problem("a,Alat,1", header=f"id,name,{name}")
    assert problem.check == "things.header.unit"
    assert problem.found == f"column '{name}'"
    assert problem.expected == "'length_km' [km]"
    assert problem.hint == "convert the values and rename the column"


def test_a_missing_column_is_named_with_its_meaning() -> None:
    problem = one_problem("a", header="id")
    assert problem.check == "things.header.missing"
    assert (problem.found, problem.expected) == ("no column 'name'", "what name means")


def test_all_faults_of_a_header_come_at_once() -> None:
    _, problems = parse("1,2,3,4", header="id,id,length_mi,colour")
    assert {p.check for p in problems} == {
        "things.header.duplicate",
        "things.header.unit",
        "things.header.unknown",
        "things.header.missing",
    }


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_an_empty_file_lacks_its_columns(file: Callable[[bytes], Path], data: bytes) -> None:
    table, problems = read_table(file(data), THINGS)
    assert {p.check for p in problems} == {"things.header.missing"}
    assert table.height == 0


def test_a_header_without_rows_is_an_empty_table(file: Callable[[bytes], Path]) -> None:
    table, problems = read_table(file(HEADER.encode()), THINGS)
    assert problems == []
    assert table.equals(empty_table(THINGS))


def test_semicolons_are_named() -> None:
    problem = one_problem(ROW_1.replace(",", ";"), header=HEADER.replace(",", ";"))
    assert problem.check == "things.file.separator"
    assert (problem.found, problem.expected) == ("columns separated by ';'", "by ','")


def test_a_quote_that_never_ends_is_named() -> None:
    problem = one_problem('a,"Alat', header="id,name")
    assert problem.check == "things.file.csv"
    assert problem.expected.startswith("comma-separated values")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (f"{HEADER}\n{ROW_1}\n".encode("utf-16"), "UTF-16 or binary content"),
        (f"{HEADER}\n{ROW_1}\n".encode("utf-16-le"), "UTF-16 or binary content"),
        (f"{HEADER}\n{ROW_1}\n".encode("utf-16-be"), "UTF-16 or binary content"),
        (b"PK\x03\x04\x00\x00 a workbook", "UTF-16 or binary content"),
        (f"{HEADER}\n{'x' * 500},\0\n".encode(), "UTF-16 or binary content"),
        (f"{HEADER}\nş,Kürdəmir\n".encode("cp1254", "replace"), "a byte that is not UTF-8"),
        (f"{HEADER}\n\na,Zürich\n".encode("latin-1"), "a byte that is not UTF-8 in line 3"),
    ],
    ids=["utf-16", "utf-16-le", "utf-16-be", "zip", "late nul", "cp1254", "latin-1"],
)
def test_another_encoding_is_named(file: Callable[[bytes], Path], data: bytes, found: str) -> None:
    table, problems = read_table(file(data), THINGS)
    assert [p.check for p in problems] == ["things.file.encoding"]
    assert problems[0].found.startswith(found)
    assert problems[0].expected == "UTF-8"
    assert table.height == 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    _, problems = read_table(tmp_path / "things.csv", THINGS)
    assert [p.check for p in problems] == ["things.file.missing"]
    assert problems[0].where == "network/things.csv"


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "things.csv").mkdir()
    _, problems = read_table(tmp_path / "things.csv", THINGS)
    assert [p.check for p in problems] == ["things.file.unreadable"]


def test_a_file_over_the_limit_is_not_read(
    file: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(f"{HEADER}\n{ROW_1}\n".encode())
    monkeypatch.setattr(read, "MAX_FILE_BYTES", path.stat().st_size)
    assert read_table(path, THINGS)[1] == []
    monkeypatch.setattr(read, "MAX_FILE_BYTES", path.stat().st_size - 1)
    assert [p.check for p in read_table(path, THINGS)[1]] == ["things.file.size"]


def test_two_hundred_megabytes_are_refused_by_size_alone(tmp_path: Path) -> None:
    path = tmp_path / "things.csv"
    path.write_text(f"{HEADER}\n{ROW_1}\n", encoding="utf-8")
    os.truncate(path, 200_000_000)  # sparse: no disk is used
    _, problems = read_table(path, THINGS)
    assert [p.check for p in problems] == ["things.file.size"]
    assert problems[0].found == "a file of 200 MB"
    assert problems[0].expected == "at most 100 MB"


def test_a_hundred_thousand_rows_are_read() -> None:
    # Under a second; were anything in it quadratic, this test would not end.
    rows = 100_000
    table, problems = parse(
        *(
            f"thing-{n},Название {n},{n / 100},{n},no,sea,2024-05-01,2024,AZ,a,a;b,1"
            for n in range(rows)
        )
    )
    assert problems == []
    assert table.height == rows
    assert table["count"].sum() == rows * (rows - 1) // 2
    assert table[ROW].to_list() == list(range(2, rows + 2))
