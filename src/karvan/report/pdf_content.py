"""What the PDF report says: texts, figures and drawings as one JSON value for the template.

Made from Results alone.  Every text is ready to print, in one language; the template sets type
and draws, and knows no table.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from karvan.case.results import Results, result_frame
from karvan.report.boundaries import boundaries
from karvan.report.language import Texts
from karvan.report.pdf_map import corridor_map
from karvan.report.reasons import reason

Row = Mapping[str, Any]
Block = dict[str, Any]

HOURS_PER_DAY = 24.0
FIRST_PAIRS = 10
"""Pairs in the table; the case names its main ones first."""
HASH_DIGITS = 16
PARTS = ("dwell_h", "wait_h", "move_h")
STATUSES = ("reported", "derived", "assumed", "calibrated")
VERDICTS = ("supported", "contradicted", "no data")
GOOD, BAD = frozenset({"inside", "supported"}), frozenset({"outside", "contradicted", "no route"})
PILLARS = {
    "policy": "Policy coordination",
    "facilities": "Facilities connectivity",
    "trade": "Unimpeded trade",
    "finance": "Financial integration",
    "people": "People-to-people bonds",
    "digital": "Digital cooperation",
    "green": "Green cooperation",
}
TABLE_WORDS = {"pairs": "origin-destination pairs"}
UNPRINTABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Categories of signs that print nothing, or turn the direction of what follows."""


class Content:
    """The report on one run in one language."""

    def __init__(self, results: Results, language: str) -> None:
        self.texts = Texts(language)
        self.language = language
        self.manifest = results.manifest
        self._results = results
        self._present = frozenset(results.names())
        self.places = self._names("network_nodes")
        self.pairs = self._pairs()

    def document(self) -> Block:
        """Return everything that the template prints."""
        return {
            "lang": self.language,
            "title": self._title(),
            "page": self.texts("Page {page} of {pages}"),
            "warnings": self._warnings(),
            "asked": self._asked(),
            "answer": self._answer(),
            "pairs": self._pair_table(),
            "sure": self._sure(),
            "map": self._map(),
            "legs": self._legs(),
            "validation": self._validation(),
            "evidence": self._evidence(),
            "claims": self._claims(),
            "measures": self._measures(),
            "sources": self._sources(),
            "method": self._method(),
            "run": self._run(),
        }

    # What the tables hold

    def _table(self, name: str) -> pl.DataFrame:
        """Return a table; an empty one where the run has none."""
        return self._results.table(name) if name in self._present else result_frame(name, [])

    def _rows(self, name: str) -> list[dict[str, Any]]:
        return self._table(name).to_dicts()

    def _own(self, row: Row, stem: str) -> str:
        """Return a text in the language; the English one where there is none."""
        return plain(row[f"{stem}_{self.language}"] or row[f"{stem}_en"] or "")

    def _names(self, table: str, stem: str = "name") -> dict[str, str]:
        return {row["id"]: self._own(row, stem) or plain(row["id"]) for row in self._rows(table)}

    def _place(self, node: str) -> str:
        """Return a place's name without what it says in brackets."""
        return self.places.get(node, plain(node)).split(" (")[0].split("（")[0]

    def _pairs(self) -> list[dict[str, Any]]:
        """Return the recommended itinerary of each pair, in the order of the case."""
        order = {row["id"]: n for n, row in enumerate(self._rows("input_pairs"))}
        best = self._table("itineraries").filter(pl.col("rank") == 1).to_dicts()
        return sorted(best, key=lambda row: order.get(row["pair_id"], len(order)))

    def _legs_of(self, pairs: Iterable[str]) -> list[dict[str, Any]]:
        chosen = (pl.col("rank") == 1) & pl.col("pair_id").is_in(list(pairs))
        return self._table("legs").filter(chosen).sort("pair_id", "leg").to_dicts()

    def _way(self, row: Row) -> str:
        way = f"{self._place(row['origin'])} → {self._place(row['destination'])}"
        goods = self._names("input_commodities")
        commodity = row["commodity_id"]
        if not commodity or commodity == next(iter(goods), None):
            return way
        return f"{way}, {goods.get(commodity, plain(commodity))}"

    # How things are written

    def _days(self, hours: float | None) -> str:
        return self.texts.number(None if hours is None else hours / HOURS_PER_DAY, 1)

    def _range(self, row: Row) -> str:
        return f"{self._days(row['p10_h'])}–{self._days(row['p90_h'])}"

    def _percent(self, share: float) -> str:
        from babel.numbers import format_percent

        return str(format_percent(share, locale=self.language))

    def _capital(self, text: str) -> str:
        """Return a text with a capital first; Azerbaijani tells i from ı."""
        first = "İ" if self.language == "az" and text[:1] == "i" else text[:1].upper()
        return first + text[1:]

    def _head(self, *columns: tuple[str, str]) -> list[dict[str, str]]:
        return [{"text": self._capital(text), "align": side} for text, side in columns]

    # The parts

    def _title(self) -> str:
        title = self.manifest.get("title") or {}
        found = title.get(self.language) or title.get("en") or self.manifest["case"]
        return plain(found)

    def _warnings(self) -> Block | None:
        lines = [plain(str(line)) for line in self.manifest["warnings"]]
        for row in self._rows("problems"):
            lines.append(plain(f"{row['where']}: {row['found']}. {row['expected']}"))
        return {"title": self.texts("Warnings"), "lines": lines} if lines else None

    def _scenario(self) -> dict[str, Any] | None:
        rows = self._rows("scenarios")
        return next((row for row in rows if row["id"] == self.manifest["scenario"]), None)

    def _asked(self) -> Block:
        texts, scenario = self.texts, self._scenario()
        titles = self._names("measures", "title")
        taken = [titles.get(i, plain(i)) for i in self.manifest["measures"]]
        without = texts("without a scenario: the tables as they are")
        name = self._own(scenario, "title") if scenario else plain(self.manifest["scenario"])
        facts = [
            (texts("case"), self._title()),
            (texts("scenario"), name or without),
            (texts("year"), str(self.manifest["year"])),
            (texts("measures"), "; ".join(taken) or texts("none")),
        ]
        return {
            "title": texts("What was asked"),
            "facts": [[self._capital(name), value] for name, value in facts],
            "summary": self._own(scenario, "summary") if scenario else "",
        }

    def _answer(self) -> Block:
        texts = self.texts
        block: Block = {"title": texts("What follows"), "figures": [], "way": "", "text": ""}
        if not self.pairs:
            block["text"] = texts(
                "The run has no itineraries: the case names no pairs, or no route connects them."
            )
            return block
        first = self.pairs[0]
        likely = texts("mean; {range} in 8 of 10 cases").format(range=self._range(first))
        cost, emissions = first["cost_usd_per_teu"], first["co2e_kg_per_teu"]
        figures = [
            (self._days(first["mean_h"]), texts("days"), likely),
            (texts.number(cost), texts("USD/TEU"), texts("cost")),
            (texts.number(emissions), texts("kg CO2e/TEU"), texts("emissions")),
        ]
        block["way"] = f"{self._way(first)}, {texts('recommended itinerary')}"
        block["figures"] = [{"value": v, "unit": u, "note": n} for v, u, n in figures]
        block["text"] = self._where_time_goes(self._legs_of([first["pair_id"]]))
        return block

    def _where_time_goes(self, legs: Sequence[Row]) -> str:
        dwell, wait, move = (sum(leg[part] or 0.0 for leg in legs) for part in PARTS)
        total = dwell + wait + move
        if not total:
            return ""
        return self.texts(
            "Of the mean time, {move} is moving, {dwell} handling and borders, "
            "{wait} waiting for departures."
        ).format(
            move=self._percent(move / total),
            dwell=self._percent(dwell / total),
            wait=self._percent(wait / total),
        )

    def _pair_table(self) -> Block | None:
        if not self.pairs:
            return None
        texts, shown = self.texts, self.pairs[:FIRST_PAIRS]
        rows = [
            [
                self._way(row),
                self._days(row["mean_h"]),
                self._range(row),
                texts.number(row["cost_usd_per_teu"]),
                texts.number(row["co2e_kg_per_teu"]),
                texts.number(row["km"]),
                texts.number(row["transfers"]),
            ]
            for row in shown
        ]
        note = ""
        if len(shown) < len(self.pairs):
            note = texts(
                "The first {shown} of {count} pairs; the tables of the results hold all."
            ).format(shown=len(shown), count=len(self.pairs))
        return {
            "title": texts("Recommended itineraries"),
            "head": self._head(
                (texts("pair"), "left"),
                (texts("days, mean"), "right"),
                (texts("p10–p90"), "right"),
                (texts("USD/TEU"), "right"),
                (texts("kg CO2e/TEU"), "right"),
                (texts("km"), "right"),
                (texts("transfers"), "right"),
            ),
            "widths": [1, 0, 0, 0, 0, 0, 0],
            "rows": [_cells(row) for row in rows],
            "note": note,
        }

    def _sure(self) -> Block:
        texts = self.texts
        cards = [
            (texts("Reported facts against the model"), self._validation_counts()),
            (texts("Numbers the model computes with"), self._status_shares()),
            (texts("Claims"), self._claim_counts()),
        ]
        return {
            "title": texts("How sure"),
            "cards": [{"title": title, "lines": lines} for title, lines in cards if lines],
        }

    def _validation_counts(self) -> list[str]:
        rows, texts = self._rows("validation"), self.texts
        lines = []
        for role in ("held_out", "calibration", "input"):
            own = [r for r in rows if r["role"] == role and r["modelled"] is not None]
            inside = sum(r["verdict"] == "inside" for r in own)
            if own:
                count = texts("{inside} of {count} inside").format(inside=inside, count=len(own))
                lines.append(f"{self._capital(texts(role.replace('_', ' ')))}: {count}")
        missing = sum(r["modelled"] is None for r in rows)
        if missing:
            lines.append(texts("Not modelled yet: {count}").format(count=missing))
        return lines

    def _status_shares(self) -> list[str]:
        """Return where numbers come from; observations are what sources say, and left out."""
        rows = [row for row in self._rows("evidence_state") if row["table"] != "observations"]
        counts = {status: sum(row[status] or 0 for row in rows) for status in STATUSES}
        total = sum(counts.values())
        if not total:
            return []
        return [
            f"{self._capital(self.texts(status))}: {self._percent(count / total)}"
            for status, count in counts.items()
            if count
        ]

    def _claim_counts(self) -> list[str]:
        found = [row["verdict"] for row in self._rows("claims")]
        if not found:
            return []
        return [f"{self._capital(self.texts(v))}: {found.count(v)}" for v in VERDICTS]

    def _map(self) -> Block | None:
        texts = self.texts
        own = self._table("boundaries") if "boundaries" in self._present else None
        world = boundaries(own)
        legs = self._legs_of([self.pairs[0]["pair_id"]]) if self.pairs else []
        drawing = corridor_map(
            self._rows("network_nodes"),
            self._rows("network_links"),
            {row["link_id"]: row["coordinates"] or "" for row in self._rows("geometry")},
            legs,
            world["countries"],
            {node: self._place(node) for node in self.places},
        )
        if drawing is None:
            return None
        modes = {line["mode"] for line in drawing["lines"]}
        legend = [{"mode": mode, "text": texts(mode)} for mode in sorted(modes)]
        if legs:
            legend.insert(0, {"mode": "route", "text": texts("recommended itinerary")})
        way = self._way(self.pairs[0]) if legs else ""
        return drawing | {
            "title": texts("Map of the corridor"),
            "alt": f"{texts('Map of the corridor')}: {way}".rstrip(": "),
            "way": way,
            "legend": legend,
            "attribution": plain(world["attribution"]),
            "disclaimer": texts(world["disclaimer"]),
        }

    def _legs(self) -> Block | None:
        legs = self._legs_of([self.pairs[0]["pair_id"]]) if self.pairs else []
        if not legs:
            return None
        texts, start, rows = self.texts, 0.0, []
        for leg in legs:
            parts = [leg[part] or 0.0 for part in PARTS]
            mode = texts(leg["mode"])
            words = [f"{self._place(leg['origin'])} → {self._place(leg['destination'])}", mode]
            numbers = [texts.number(leg["km"]), *(texts.number(part, 1) for part in parts)]
            rows.append({"cells": words + numbers, "start": start, "parts": parts})
            start += sum(parts)
        title = texts("The recommended itinerary, leg by leg")
        return {
            "title": f"{title}: {self._way(self.pairs[0])}",
            "head": self._head(
                (texts("from – to"), "left"),
                (texts("by"), "left"),
                (texts("km"), "right"),
                (texts("dwell h"), "right"),
                (texts("wait h"), "right"),
                (texts("move h"), "right"),
                (texts("days since the start"), "left"),
            ),
            "rows": rows,
            "total": start,
            "ticks": _ticks(start, texts),
            "legend": [texts("dwell"), texts("wait"), texts("move")],
        }

    def _validation(self) -> Block | None:
        rows, texts = self._rows("validation"), self.texts
        if not rows:
            return None
        names = self._names("input_validation")
        cells = []
        for row in rows:
            number, unit = self._scale(row["unit"])
            accepted = f"{number(row['expected_low'])}–{number(row['expected_high'])}"
            role = texts((row["role"] or "").replace("_", " "))
            words = [names.get(row["id"], plain(row["id"])), unit, number(row["expected"])]
            words += [accepted, number(row["modelled"]), texts(row["verdict"]), role]
            cells.append(_cells(words, {5: _tone(row["verdict"])}))
        return {
            "title": texts("What the world reported, and what the model says"),
            "head": self._head(
                (texts("fact"), "left"),
                (texts("unit"), "left"),
                (texts("reported"), "right"),
                (texts("accepted"), "right"),
                (texts("modelled"), "right"),
                (texts("verdict"), "left"),
                (texts("role"), "left"),
            ),
            "widths": [1, 0, 0, 0, 0, 0, 0],
            "rows": cells,
            "note": texts(
                "Held-out facts were not used to build or to fit the model; they are the test."
            ),
        }

    def _scale(self, unit: str | None) -> tuple[Callable[[float | None], str], str]:
        """Return how numbers of a unit are written, and the unit: hours are shown as days."""
        if unit == "h":
            return self._days, self.texts("days")
        return self.texts.number, self.texts.unit(unit) if unit else ""

    def _evidence(self) -> Block | None:
        table, texts = self._table("evidence_state"), self.texts
        if table.is_empty():
            return None
        columns = [column for column in table.columns if column != "table"]
        heads = [
            texts("contradicted", "sources")
            if column == "contradicted"
            else texts(column.replace("_", " "))
            for column in columns
        ]
        cells = [
            _cells([self._table_word(row["table"]), *(texts.number(row[c]) for c in columns)])
            for row in table.to_dicts()
        ]
        return {
            "title": texts("State of the data"),
            "head": self._head((texts("table"), "left"), *((head, "right") for head in heads)),
            "widths": [1] + [0] * len(columns),
            "rows": cells,
            "note": texts(
                "Where sources contradict each other, all values are kept and one is marked as "
                "used."
            ),
        }

    def _table_word(self, table: str) -> str:
        if table == "transfers":
            return self._capital(self.texts("transfers", "table"))
        return self._capital(self.texts(TABLE_WORDS.get(table, table)))

    def _claims(self) -> Block | None:
        rows, texts = self._rows("claims"), self.texts
        if not rows:
            return None
        statements = {
            row["id"]: self._own(row, "claim") for row in self._rows("input_claims")
        }
        names = {"series": self._names("input_series"), "event": self._names("input_events")}
        cells = [
            _cells([plain(i), statements.get(i, ""), plain(reason(row, names, texts))])
            for row in rows
            if row["verdict"] == "contradicted" and (i := row["claim_id"])
        ]
        return {
            "title": texts("Claims of the founding article, tested against the evidence"),
            "counts": ", ".join(self._claim_counts()),
            "subtitle": self._capital(texts("contradicted")),
            "head": self._head(
                (texts("id"), "left"), (texts("claim"), "left"), (texts("why"), "left")
            ),
            "widths": [0, 1, 1],
            "rows": cells,
            "note": texts("A verdict \"no data\" says that no independent value was found."),
        }

    def _measures(self) -> Block | None:
        rows, texts = self._rows("measures"), self.texts
        if not rows:
            return None
        order = [p for p in PILLARS if any(row["pillar"] == p for row in rows)]
        order += sorted({row["pillar"] or "" for row in rows} - set(order))
        groups = [
            {
                "title": texts(PILLARS[pillar]) if pillar in PILLARS else plain(pillar),
                "rows": [self._measure(row) for row in rows if (row["pillar"] or "") == pillar],
            }
            for pillar in order
        ]
        return {
            "title": texts("Measures"),
            "head": self._head(
                (texts("measure"), "left"),
                (texts("state"), "left"),
                (texts("from year"), "right"),
                (texts("million USD"), "right"),
                (texts("changes"), "right"),
                (texts("in this run"), "left"),
            ),
            "widths": [1, 0, 0, 0, 0, 0],
            "groups": groups,
            "note": texts(
                "Changes are values of tables that the measure sets; with 0 it has no effect in "
                "the model yet."
            ),
        }

    def _measure(self, row: Row) -> list[Block]:
        state = self.texts((row["state"] or "").replace("_", " "))
        words = [
            self._own(row, "title"),
            state,
            "–" if row["from_year"] is None else str(row["from_year"]),
            self.texts.number(row["cost_musd"]),
            self.texts.number(row["changes"]),
            self.texts("yes") if row["applied"] else "–",
        ]
        return _cells(words, {5: "strong" if row["applied"] else ""})

    def _sources(self) -> Block | None:
        legs = self._legs_of(row["pair_id"] for row in self.pairs[:FIRST_PAIRS])
        cited = {i for leg in legs for i in (leg["source_ids"] or "").split(";") if i}
        found = [row for row in self._rows("input_sources") if row["id"] in cited]
        if not found:
            return None
        items = [
            {
                "text": plain(row["title"] or row["id"]),
                "more": ", ".join(plain(row[k]) for k in ("publisher", "date") if row[k]),
                "url": url if is_web_address(url := plain(row["url"] or "")) else "",
            }
            for row in found
        ]
        title = self.texts("Sources of the itineraries shown: {count}").format(count=len(items))
        return {"title": title, "items": items}

    def _method(self) -> Block:
        texts = self.texts
        how = [
            texts(
                "Tables of places, links, transfers, services and rates are read and checked; "
                "every value names its source or gives the reason for a choice."
            ),
            texts(
                "Measures change rows of the tables; the network is compiled for the year of the "
                "run."
            ),
            texts(
                "For each pair of places, itineraries are searched by money plus value of time; a "
                "train or ship leaves by timetable or frequency, and weather and closures add to "
                "the wait."
            ),
            texts(
                "The spread of door-to-door time comes from the waiting, handling and running "
                "times together; p10 and p90 are the times of the fastest and slowest tenth."
            ),
        ]
        limits = [
            texts(
                "Many handling times, rates and frequencies are assumed, because nobody publishes "
                "them; the evidence page shows how many."
            ),
            texts(
                "Itineraries do not depend on how many others travel, unless an engine of flows "
                "has been run."
            ),
            texts(
                "Costs are by published or assumed rates, not offers; a forwarder's price can "
                "differ."
            ),
            texts("Places and lines are drawn for orientation and are not survey data."),
        ]
        return {
            "title": texts("Method and limits"),
            "parts": [
                {"title": texts("How the numbers are made"), "lines": how},
                {"title": texts("Limits"), "lines": limits},
            ],
        }

    def _run(self) -> Block:
        texts, manifest = self.texts, self.manifest
        versions = ", ".join(f"{name} {v}" for name, v in sorted(manifest["versions"].items()))
        inputs = manifest.get("inputs") or {}
        hashes = ", ".join(f"{name} {h[:HASH_DIGITS]}" for name, h in sorted(inputs.items()))
        facts = [
            (texts("case"), manifest["case"]),
            (texts("seed of random numbers"), str(manifest["seed"])),
            (texts("versions"), versions),
            (texts("hash of the program"), manifest["code"]),
            (texts("hashes of the tables"), hashes or "–"),
        ]
        return {
            "title": texts("This run"),
            "facts": [[self._capital(name), plain(value)] for name, value in facts],
        }


def plain(text: str) -> str:
    """Return a text without signs that print nothing or turn the direction of writing."""
    kept = (" " if unicodedata.category(c) in UNPRINTABLE else c for c in text)
    return " ".join("".join(kept).split())


def is_web_address(text: str) -> bool:
    """Tell whether an address may become a link."""
    return text.startswith(("https://", "http://"))


def _cells(words: Sequence[str], tones: Mapping[int, str] | None = None) -> list[Block]:
    return [{"text": word, "tone": (tones or {}).get(n, "")} for n, word in enumerate(words)]


def _tone(verdict: str) -> str:
    return "good" if verdict in GOOD else "bad" if verdict in BAD else ""


def _ticks(hours: float, texts: Texts) -> list[Block]:
    """Return marks of whole days under the bars, at most six."""
    days = int(hours // HOURS_PER_DAY)
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100) if days / s <= 5), max(days, 1))
    return [
        {"hours": day * HOURS_PER_DAY, "text": texts.number(day)} for day in range(0, days + 1, step)
    ]
