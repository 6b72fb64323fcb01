"""The five pillars in the PDF report: scores of a pair, how sure they are, all pairs."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from karvan.report.pdf_reader import Block, Reader, Row, cells

WITHOUT_PILLAR = "pillar without score"
SHOWN = ("index", "pillar")
Score = dict[str, Any]


def pillars(reader: Reader) -> Block | None:
    """Return index and pillars of the first pair as bars with intervals, then those of all pairs.

    A pair or pillar without a score has an empty bar and the reason, never a zero.
    """
    board = next(iter(reader.rows("scoreboard")), None)
    units = reader.names("input_units")
    if board is None or not units:
        return None
    scores = _scores(reader, board["year"])
    texts, first = reader.texts, next(iter(units))
    size = texts(
        "Scores of {year} from 0 to 100, of {units} pairs of countries and {indicators} indicators."
    ).format(year=board["year"], units=len(units), indicators=board["indicators"])
    return {
        "title": texts("Five pillars"),
        "lead": texts.sentences([size, *_whole(reader, len(units), scores)]),
        "bars": _bars(reader, units[first], first, scores),
        "tables": [_all_scores(reader, units, scores), _all_ranks(reader, units, scores)],
        "note": _rule(reader, board),
    }


def _whole(reader: Reader, units: int, scores: dict[tuple[str, str], Score]) -> list[str]:
    """Say how many pairs have an index, and in which pillars the others lack data."""
    texts, names = reader.texts, reader.names("input_indicators")
    short = {row["unit_id"] for row in scores.values() if _lacks(row, "index")}
    if not short:
        return []
    gaps = Counter(
        element
        for (unit, element), row in scores.items()
        if unit in short and _lacks(row, "pillar")
    )
    pillars = [
        texts.bracketed(names[element], texts.number(n)) for element, n in gaps.most_common()
    ]
    said = texts(
        "An index needs a score in every pillar; {count} of {units} pairs have that. The others"
        " have too little data, by pillar (pairs): {pillars}."
    )
    return [said.format(count=units - len(short), units=units, pillars=texts.listed(pillars))]


def _lacks(row: Score, level: str) -> bool:
    return bool(row["level"] == level and row["score"] is None)


def _rule(reader: Reader, board: Row) -> str:
    texts = reader.texts
    held = texts("Lines hold {share} of {draws} draws of weights, means and carried values.")
    carried = texts("A value counts up to {years} years later; what is not known stays empty.")
    return texts.sentences(
        [
            held.format(
                share=reader.percent(board["interval_share"]), draws=texts.number(board["draws"])
            ),
            texts(
                "One of the means that are drawn lets a strength pay less for a gap, so scores lie"
                " in the upper part of their intervals."
            ),
            carried.format(years=board["carried_years"]),
            texts("A pillar with less than half of its indicators has no score."),
        ]
    )


def _scores(reader: Reader, year: int) -> dict[tuple[str, str], Score]:
    """Scores of the year by pair and element, in the order of the framework."""
    rows = (row for row in reader.rows("scores") if row["year"] == year)
    return {(row["unit_id"], row["element_id"]): row for row in rows if row["level"] in SHOWN}


def _bars(reader: Reader, name: str, unit: str, scores: dict[tuple[str, str], Score]) -> Block:
    texts, elements = reader.texts, reader.names("input_indicators")
    rows = [row for (of, _), row in scores.items() if of == unit]
    return {
        "title": texts.colon(texts("Scores"), name),
        "head": reader.head(
            (texts("pillar"), "left"),
            (texts("score and interval"), "left"),
            (texts("score"), "right"),
            (texts("interval"), "right"),
            (texts("indicators with data"), "right"),
            (texts("rank"), "right"),
        ),
        "rows": [
            {
                "name": elements[row["element_id"]],
                "main": row["level"] == "index",
                "score": row["score"],
                "low": row["score_low"],
                "high": row["score_high"],
                "reason": "" if row["score"] is not None else _reason(reader, row, rows),
                "words": [
                    texts.number(row["score"]),
                    _interval(reader, row, "score"),
                    _coverage(reader, row),
                    _rank(reader, row),
                ],
            }
            for row in rows
        ],
        "ticks": [{"at": at, "text": texts.number(at)} for at in (0, 20, 40, 60, 80, 100)],
    }


def _reason(reader: Reader, row: Row, of_pair: Sequence[Row]) -> str:
    """Why there is no score."""
    texts = reader.texts
    if row["reason"] == WITHOUT_PILLAR:
        names = reader.names("input_indicators")
        short = [r for r in of_pair if r["level"] == "pillar" and r["score"] is None]
        without = texts.listed(names[r["element_id"]] for r in short)
        return texts("no score of {pillars}").format(pillars=without)
    return texts("{coverage} indicators with data, less than half").format(
        coverage=_coverage(reader, row)
    )


def _coverage(reader: Reader, row: Row) -> str:
    return reader.texts("{known} of {all}").format(known=row["known"], all=row["indicators"])


def _interval(reader: Reader, row: Row, kind: str) -> str:
    low, high = row[f"{kind}_low"], row[f"{kind}_high"]
    if low is None or high is None:
        return "–"
    return f"{reader.texts.number(low)}–{reader.texts.number(high)}"


def _rank(reader: Reader, row: Row) -> str:
    """The rank among the pairs that have one, with its interval."""
    if row["rank"] is None:
        return "–"
    place = reader.texts("{known} of {all}").format(known=row["rank"], all=row["ranked"])
    return reader.texts.bracketed(place, _interval(reader, row, "rank"))


def _all_scores(
    reader: Reader, units: dict[str, str], scores: dict[tuple[str, str], Score]
) -> Block:
    def word(row: Score) -> str:
        score = "–" if row["score"] is None else reader.texts.number(row["score"])
        return reader.texts.bracketed(score, f"{row['known']}/{row['indicators']}")

    title = reader.texts("Scores of all pairs, with the indicators that have data")
    return _grid(reader, title, units, scores, word)


def _all_ranks(
    reader: Reader, units: dict[str, str], scores: dict[tuple[str, str], Score]
) -> Block:
    def word(row: Score) -> str:
        if row["rank"] is None:
            return "–"
        return reader.texts.bracketed(
            reader.texts.number(row["rank"]), _interval(reader, row, "rank")
        )

    title = reader.texts("Ranks of all pairs, with their intervals")
    return _grid(reader, title, units, scores, word)


def _grid(
    reader: Reader,
    title: str,
    units: dict[str, str],
    scores: dict[tuple[str, str], Score],
    word: Callable[[Score], str],
) -> Block:
    names = reader.names("input_indicators")
    elements = list(dict.fromkeys(element for _, element in scores))
    rows = [
        [name, *(word(scores[unit, element]) for element in elements)]
        for unit, name in units.items()
    ]
    return {
        "title": title,
        "head": reader.head(
            (reader.texts("pair of countries"), "left"),
            *((reader.texts.breakable(names[element]), "right") for element in elements),
        ),
        "widths": [2] + [1] * len(elements),
        "rows": [cells(row) for row in rows],
    }
