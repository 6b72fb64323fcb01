"""CSV that people download: no cell of it is run by a spreadsheet, wherever it is written."""

import csv
import io

import polars as pl

from karvan.schema.write import rows_csv, safe_csv

HARMLESS = ["plain", "a=b", "5-1", ""]
DANGEROUS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "  =1"]


def test_no_text_becomes_a_formula_in_a_spreadsheet() -> None:
    texts = [*DANGEROUS, *HARMLESS, None]
    table = pl.DataFrame({"text": texts, "number": [-1.5] * len(texts)})
    rows = list(csv.reader(io.StringIO(safe_csv(table), newline="")))[1:]
    assert [row[0] for row in rows] == [*("'" + text for text in DANGEROUS), *HARMLESS, ""]
    assert {row[1] for row in rows} == {"-1.5"}


def test_rows_are_written_with_all_their_columns() -> None:
    rows = [{"itinerary": 1, "service": None, "km": 1}, {"itinerary": 2, "service": "@", "km": 2.5}]
    found = list(csv.DictReader(io.StringIO(rows_csv(rows))))
    assert [row["service"] for row in found] == ["", "'@"]
    assert [float(row["km"]) for row in found] == [1.0, 2.5]
