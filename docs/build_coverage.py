"""Write the tables of docs/methods/five-pillars.md that come from the shipped case.

Run it from the root of the repository after a change of the case's scoreboard:
``python docs/build_coverage.py``.  The tables stand between comments that name them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import polars as pl

from karvan.case import Case, read_case
from karvan.evidence.indicators import coverage, indicator_panel

PAGE = Path(__file__).parent / "methods" / "five-pillars.md"
BLOCK = re.compile(r"(?ms)^<!-- (\w+) -->\n.*?^<!-- end -->$")
YEARS = (2012, 2014, 2016, 2018, 2020, 2022, 2023, 2024, 2025)
YEAR, BACK = 2024, 10
STRONG, FEWEST = 0.85, 10


def table(header: Sequence[str], rows: Iterator[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _names(case: Case, name: str) -> dict[str, str]:
    return dict(case.table(name).select("id", "name_en").iter_rows())


def by_pillar(case: Case, panel: pl.DataFrame) -> str:
    """Return known indicators of each pillar by pair; below half in bold."""
    found = coverage(case.table("indicators"), case.table("units"), panel, YEAR, back=BACK)
    pillars, units = _names(case, "indicators"), _names(case, "units")
    names = list(dict.fromkeys(found["pillar_id"]))
    cell = {(u, p): (n, k) for u, p, _, n, k in found.iter_rows()}

    def rows() -> Iterator[list[str]]:
        for unit, name in units.items():
            counts = [cell[unit, pillar] for pillar in names]
            shown = [f"{k} of {n}" if 2 * k >= n else f"**{k} of {n}**" for n, k in counts]
            yield [name, *shown, f"{sum(k for _, k in counts)} of {sum(n for n, _ in counts)}"]

    return table(["pair", *(pillars[name] for name in names), "all"], rows())


def by_year(case: Case, panel: pl.DataFrame) -> str:
    """Return known indicators by pair and year, of that very year."""
    units = _names(case, "units")
    counts = {
        (unit, year): n for unit, year, n in panel.group_by("unit_id", "year").len().iter_rows()
    }
    rows = ([name, *(counts.get((u, y), 0) for y in YEARS)] for u, name in units.items())
    return table(["pair", *map(str, YEARS)], rows)


def holes(case: Case, panel: pl.DataFrame) -> str:
    """Return the indicators with data for at most two pairs, and those that never vary."""
    known = {
        name: (units, values)
        for name, units, values in panel.group_by("indicator_id")
        .agg(pl.col("unit_id").n_unique().alias("units"), pl.col("value").n_unique().alias("n"))
        .iter_rows()
    }
    units = _names(case, "units")
    data = case.table("indicators").filter(pl.col("kind") == "data")

    def rows() -> Iterator[list[object]]:
        for name, shown in data.select("id", "name_en").iter_rows():
            pairs, values = known.get(name, (0, 0))
            if pairs <= 2 or values == 1:
                mine = panel.filter(pl.col("indicator_id") == name)["unit_id"].unique()
                who = ", ".join(n.removeprefix("China – ") for u, n in units.items() if u in mine)
                yield [
                    shown,
                    who if pairs <= 4 else f"{pairs} pairs",
                    "no" if values == 1 else "yes",
                ]

    return table(["indicator", "data for", "varies"], rows())


def doubles(case: Case, panel: pl.DataFrame) -> str:
    """Return the pairs of indicators that go together most, over the pair-years of both."""
    names = _names(case, "indicators")
    wide = panel.pivot("indicator_id", index=["unit_id", "year"], values="value")
    found = []
    for one, other in combinations([c for c in wide.columns if c in names], 2):
        both = wide.select(one, other).drop_nulls()
        r = both.select(pl.corr(one, other)).item() if both.height >= FEWEST else None
        if r is not None and abs(r) >= STRONG:
            found.append((abs(r), [names[one], names[other], f"{r:.2f}", both.height]))
    ordered = sorted(found, key=lambda item: -item[0])
    return table(["indicator", "goes with", "r", "pair-years"], (row for _, row in ordered))


TABLES: Mapping[str, Callable[[Case, pl.DataFrame], str]] = {
    "pillars": by_pillar,
    "years": by_year,
    "holes": holes,
    "doubles": doubles,
}


def renewed(text: str) -> str:
    """Return the page with the tables of the shipped case as it is."""
    case = read_case("middle-corridor")
    panel = indicator_panel(case.tables)

    def block(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{TABLES[match[1]](case, panel)}\n<!-- end -->"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
