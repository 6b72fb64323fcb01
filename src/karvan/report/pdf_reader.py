"""Tables of a run as the PDF report shows them: names, numbers and ways in one language."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from karvan.case.results import Results, result_frame
from karvan.report.language import Texts

Row = Mapping[str, Any]
Block = dict[str, Any]
"""A part of the document."""

HOURS_PER_DAY = 24.0
LEAST_SHARE, FINE_BELOW = 0.001, 0.1
"""Shares below the first are only said to be below it; those below the second get a decimal."""
UNITS = ("km", "USD/TEU", "kg CO2e/TEU", "p10–p90")
"""Headings that take no capital."""
UNPRINTABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Categories of signs that print nothing, or turn the direction of what follows."""


class Reader:
    """A run in one language.

    Attributes
    ----------
    texts : Texts
    language : str
    manifest : mapping
        What was run.
    places, goods : dict
        Node and commodity -> name.
    pairs : list of dicts
        The recommended itinerary of each pair, in the order of the case.
    """

    def __init__(self, results: Results, language: str) -> None:
        self.language = language
        self.manifest = results.manifest
        self._results = results
        self._present = frozenset(results.names())
        self.texts = Texts(language, self._free_texts())
        self.places = self.names("network_nodes")
        self.goods = self.names("input_commodities")
        self.pairs = self._recommended()

    def has(self, table: str) -> bool:
        """Tell whether the run has a table."""
        return table in self._present

    def table(self, name: str) -> pl.DataFrame:
        """Return a table, an empty one where the run has none; what is not finite is no value."""
        if name not in self._present:
            return result_frame(name, [])
        numbers = pl.selectors.float()
        return self._results.table(name).with_columns(
            pl.when(numbers.is_finite()).then(numbers).name.keep()
        )

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table."""
        return self.table(name).to_dicts()

    def _free_texts(self) -> dict[str, str]:
        """Return the translations of the case's free texts."""
        rows = self.table("texts").filter(pl.col("language") == self.language)
        return dict(zip(rows["text"], rows["translation"], strict=True))

    def own(self, row: Row, stem: str) -> str:
        """Return a text in the language; the English one where there is none."""
        return plain(row[f"{stem}_{self.language}"] or row[f"{stem}_en"] or "")

    def names(self, table: str, stem: str = "name") -> dict[str, str]:
        """Return the names of the rows of a table, by id."""
        return {row["id"]: self.own(row, stem) or plain(row["id"]) for row in self.rows(table)}

    def place(self, node: str) -> str:
        """Return a place's name without what it says in brackets."""
        return self.places.get(node, plain(node)).split(" (")[0].split("（")[0]

    def _recommended(self) -> list[dict[str, Any]]:
        """Return the recommended itinerary of each pair, in the order of the case."""
        order = {row["id"]: n for n, row in enumerate(self.rows("input_pairs"))}
        best = self.table("itineraries").filter(pl.col("rank") == 1).to_dicts()
        return sorted(best, key=lambda row: order.get(row["pair_id"], len(order)))

    def legs_of(self, pairs: Iterable[str]) -> list[dict[str, Any]]:
        """Return the legs of the recommended itineraries of pairs."""
        chosen = (pl.col("rank") == 1) & pl.col("pair_id").is_in(list(pairs))
        return self.table("legs").filter(chosen).sort("pair_id", "leg").to_dicts()

    def way(self, row: Row) -> str:
        """Return origin and destination, and the commodity unless it is the first of the case."""
        way = f"{self.place(row['origin'])} → {self.place(row['destination'])}"
        commodity = row["commodity_id"]
        if not commodity or commodity == next(iter(self.goods), None):
            return way
        return f"{way} · {self.goods.get(commodity, plain(commodity))}"

    def days(self, hours: float | None) -> str:
        """Return hours as days."""
        return self.texts.number(None if hours is None else hours / HOURS_PER_DAY, 1)

    def range(self, row: Row) -> str:
        """Return the days that eight of ten journeys take."""
        return f"{self.days(row['p10_h'])}–{self.days(row['p90_h'])}"

    def percent(self, share: float) -> str:
        """Return a share as percentage."""
        from babel.numbers import format_percent

        return str(format_percent(share, locale=self.language))

    def fine_percent(self, share: float) -> str:
        """Return a share as percentage; small ones with a decimal."""
        from babel.numbers import format_percent

        if 0.0 < share < LEAST_SHARE:
            return self.texts("under {share}").format(share=self.fine_percent(LEAST_SHARE))
        rounded = round(share, 3 if share < FINE_BELOW else 2)
        return str(format_percent(rounded, locale=self.language, decimal_quantization=False))

    def capital(self, text: str) -> str:
        """Return a text with a capital first."""
        return self.texts.capital(text)

    def head(self, *columns: tuple[str, str]) -> list[dict[str, str]]:
        """Return the headings of columns, from texts and sides."""
        units = {self.texts(unit) for unit in UNITS}
        tonnes = self.texts.unit("t") + " "
        return [
            {
                # A tonne is no tesla: the sign of a unit keeps its letter.
                "text": text if text in units or text.startswith(tonnes) else self.capital(text),
                "align": side,
            }
            for text, side in columns
        ]

    def role(self, role: str) -> str:
        """Return the role of a reported fact."""
        return self.capital(self.texts(role.replace("_", " "))) if role else "–"

    def scale(self, unit: str | None) -> tuple[Callable[[float | None], str], str]:
        """Return how numbers of a unit are written, and the unit: hours are shown as days."""
        if unit == "h":
            return self.days, self.texts("days")
        return self.texts.number, self.texts.unit(unit) if unit else ""

    def title(self) -> str:
        """Return the title of the case."""
        title = self.manifest.get("title") or {}
        found = title.get(self.language) or title.get("en") or self.manifest["case"]
        return plain(found)


def plain(text: str) -> str:
    """Return a text without signs that print nothing or turn the direction of writing."""
    kept = (" " if unicodedata.category(c) in UNPRINTABLE else c for c in text)
    return " ".join("".join(kept).split())


def is_web_address(text: str) -> bool:
    """Tell whether an address may become a link."""
    return text.startswith(("https://", "http://"))


def cells(words: Sequence[str], tones: Mapping[int, str] | None = None) -> list[Block]:
    """Return words as cells; `tones` are those of single columns."""
    return [{"text": word, "tone": (tones or {}).get(n, "")} for n, word in enumerate(words)]
