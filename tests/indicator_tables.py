"""A small scoreboard for the case ``two-port``: two pillars, three indicators, two pairs."""

import csv
from collections.abc import Sequence
from pathlib import Path

FOLDER = "scoreboard"
INDICATORS, UNITS = f"{FOLDER}/indicators.csv", f"{FOLDER}/units.csv"
VALUES = f"{FOLDER}/indicator_values.csv"
LANGUAGES = ("en", "ru", "az", "zh")

GROUPS = [
    ("top", "", "index"),
    ("trade", "top", "pillar"),
    ("people", "top", "pillar"),
    ("flows", "trade", "sub_pillar"),
    ("travel", "people", "sub_pillar"),
]
LEAVES = [("turnover", "flows", "data"), ("days", "flows", "run"), ("visits", "travel", "data")]
CELLS = [
    ("turnover", "a", "2023", "", "5", "", "reported"),
    ("turnover", "b", "2020", "2022", "7", "", "reported"),
    ("visits", "a", "2023", "", "", "[traffic.ferry.2023]", "derived"),
    ("visits", "b", "2023", "", "", "[traffic.ferry.2023] / 2", "derived"),
]


def _named(name: str) -> dict[str, str]:
    return {f"name_{language}": name for language in LANGUAGES}


def _leaf(name: str, parent: str, kind: str) -> dict[str, str]:
    return {
        "id": name,
        "parent_id": parent,
        "level": "indicator",
        **_named(name),
        "kind": kind,
        "quantity": "mean_h" if kind == "run" else "",
        "about": "pair",
        "direction": "-1" if kind == "run" else "1",
        "weight": "1",
        "unit": "h",
        "definition": "What is counted.",
        "rhythm": "run" if kind == "run" else "yearly",
        "source_id": "example",
        "goalpost_low": "",
        "goalpost_high": "",
    }


def _write(path: Path, rows: Sequence[dict[str, str]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_scoreboard(root: Path) -> None:
    """Add the scoreboard to the case in folder `root`."""
    (root / FOLDER).mkdir()
    groups = [{"id": i, "parent_id": p, "level": v, **_named(i)} for i, p, v in GROUPS]
    _write(root / INDICATORS, [*groups, *(_leaf(*leaf) for leaf in LEAVES)])
    _write(
        root / UNITS,
        [
            {"id": name, "reference": "CN", "partner": partner, **_named(name)}
            for name, partner in (("a", "AZ"), ("b", "GE"))
        ],
    )
    columns = ("indicator_id", "unit_id", "year", "year_to", "value", "formula", "status")
    rows = [dict(zip(columns, cell, strict=True)) for cell in CELLS]
    _write(
        root / VALUES,
        [
            {
                "id": f"{row['indicator_id']}.{row['unit_id']}",
                **row,
                "confidence": "high",
                "source_id": "" if row["formula"] else "example",
            }
            for row in rows
        ],
    )
