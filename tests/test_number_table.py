"""Tables of the terminal keep numbers whole where room is short."""

from io import StringIO

import pytest
from rich.console import Console

from karvan.report.number_table import NumberTable
from karvan.report.terminal import table_of

HEADS = [("", True), ("by way of", False), ("days, mean", True), ("p10–p50–p90", True)]
ROWS = [
    ("1", "Altynkol, Aktau, Port of Baku", "17.1", "13.0–16.4–22.0"),
    ("2", "Dostyk, Turkmenbashi, Port of Baku", "22.2", "18.2–21.9–26.5"),
]


def drawn(table: NumberTable, width: int) -> str:
    screen = Console(file=StringIO(), width=width, color_system=None)
    screen.print(table)
    return str(screen.file.getvalue())  # type: ignore[attr-defined]


def of_rows() -> NumberTable:
    table = table_of("Routes", HEADS)
    for row in ROWS:
        table.add_row(*row)
    return table


@pytest.mark.parametrize("width", [120, 60, 50, 47])
def test_numbers_stay_whole_and_lines_within_the_screen(width: int) -> None:
    text = drawn(of_rows(), width)
    for row in ROWS:
        assert row[3] in text
    assert max(map(len, text.splitlines())) <= width


def test_a_table_with_room_is_drawn_as_ever_and_widths_are_not_kept() -> None:
    table = of_rows()
    wide = drawn(table, 120)
    drawn(table, 47)
    assert drawn(table, 120) == wide
    assert "days, mean" in wide


def test_words_among_numbers_may_break() -> None:
    table = table_of("Values", [("column", False), ("before", True)])
    table.add_row("Capacity in the unit", "104.357")
    table.add_row("Why", "invented for the example; replace it")
    assert "104.357" in drawn(table, 40)
    assert "invented for the example; replace it" not in drawn(table, 40)


def test_where_numbers_alone_fill_the_screen_they_break() -> None:
    text = drawn(of_rows(), 30)
    assert max(map(len, text.splitlines())) <= 30
