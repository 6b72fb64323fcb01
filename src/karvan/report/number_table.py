"""A table for the terminal that breaks no number, as long as words can give way."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table

PADDING = 2
"""Blanks beside each cell; one more sign a column draws the frame."""
LEAST_WORDS = 12
"""Letters that a column of words keeps: narrower ones are a letter a line."""


class NumberTable(Table):
    """A table whose columns of numbers, those set to the right, keep their numbers whole.

    Rich narrows the widest columns first, whatever they hold: "13.0–16.4–22.0" would stand in
    two lines beside names that have room.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it, with fixed widths for the numbers where they would break."""
        widths = self._whole_numbers(console, options)
        for column, width in widths:
            column.width = width
        yield from super().__rich_console__(console, options)
        for column, _ in widths:
            column.width = None

    def _whole_numbers(self, console: Console, options: ConsoleOptions) -> list[tuple[Column, int]]:
        """Return the width of each column of numbers; nothing where none would break."""
        wide = options.update(width=max(options.max_width, 1000))

        def widest(cells: Iterable[RenderableType]) -> int:
            return max((Measurement.get(console, wide, cell).maximum for cell in cells), default=0)

        room = options.max_width - 1 - len(self.columns) * (PADDING + 1)
        natural = [max(widest(c.cells), widest([c.header])) for c in self.columns]
        numbers = [c for c in self.columns if c.justify == "right" and not _holds_words(c)]
        least = {id(c): widest(c.cells) for c in numbers}
        level = _level(natural, room)
        if all(width <= level for width in least.values()):
            return []
        words = [w for c, w in zip(self.columns, natural, strict=True) if id(c) not in least]
        spare = room - sum(least.values()) - sum(min(w, LEAST_WORDS) for w in words)
        if spare < 0:
            return []
        found = []
        for column in sorted(numbers, key=lambda c: _longest_word(c) - least[id(c)]):
            more = min(max(_longest_word(column) - least[id(column)], 0), spare)
            spare -= more
            found.append((column, least[id(column)] + more))
        return found


def _level(widths: Iterable[int], room: int) -> int:
    """Return the width that no column may pass if all are to fit, the widest narrowed first."""
    left, columns = room, sorted(widths)
    for place, width in enumerate(columns):
        share = left // (len(columns) - place)
        if width > share:
            return share
        left -= width
    return max(columns, default=0)


def _holds_words(column: Column) -> bool:
    """Tell whether a column has words among its numbers, as values of any kind have."""
    return any(letter.isalpha() for cell in column.cells for letter in str(cell))


def _longest_word(column: Column) -> int:
    return max((len(word) for word in str(column.header).split()), default=0)
