"""The tables of the PDF report: facts, data, claims, measures, sources, method and the run."""

from collections.abc import Mapping

from karvan.report.pdf_reader import Block, Reader, Row, cells, is_web_address, plain
from karvan.report.reasons import reason
from karvan.report.row_names import table_word

FIRST_PAIRS = 10
"""Pairs that are shown; the case names its main ones first."""
HASH_DIGITS = 16
COST_DIGITS = 4
"""Costs are shown as sources print them."""
VERDICTS = ("supported", "contradicted", "no data")
GOOD, BAD = frozenset({"inside", "supported"}), frozenset({"outside", "contradicted", "no route"})
ROLES = ("held_out", "calibration", "input")
PILLARS = {
    "policy": "Policy coordination",
    "facilities": "Facilities connectivity",
    "trade": "Unimpeded trade",
    "finance": "Financial integration",
    "people": "People-to-people bonds",
    "digital": "Digital cooperation",
    "green": "Green cooperation",
}


def validation(reader: Reader) -> Block | None:
    """Return the reported facts by role, with what the model says."""
    rows, texts = reader.rows("validation"), reader.texts
    if not rows:
        return None
    names = {
        row["id"]: reader.texts.dated(reader.own(row, "name"), row["year"])
        for row in reader.rows("input_validation")
    }
    known = [role for role in ROLES if any(row["role"] == role for row in rows)]
    groups = [
        {
            "title": reader.role(role),
            "rows": [_fact(reader, row, names) for row in rows if (row["role"] or "") == role],
        }
        for role in known + sorted({row["role"] or "" for row in rows} - set(known))
    ]
    return {
        "title": texts("What the world reported, and what the model says"),
        "head": reader.head(
            (texts("fact"), "left"),
            (texts("unit"), "left"),
            (texts("reported"), "right"),
            (texts("accepted"), "right"),
            (texts("modelled"), "right"),
            (texts("verdict"), "left"),
        ),
        "widths": [1, 0, 0, 0, 0, 0],
        "groups": groups,
        "note": texts(
            "Held-out facts were not used to build or to fit the model; they are the test."
        ),
    }


def _fact(reader: Reader, row: Row, names: Mapping[str, str]) -> list[Block]:
    number, unit = reader.scale(row["unit"])
    words = [
        names.get(row["id"], plain(row["id"])),
        unit,
        number(row["expected"]),
        f"{number(row['expected_low'])}–{number(row['expected_high'])}",
        number(row["modelled"]),
        reader.texts(row["verdict"]),
    ]
    return cells(words, {5: _tone(row["verdict"])})


def evidence(reader: Reader) -> Block | None:
    """Return where the numbers of each table come from."""
    table, texts = reader.table("evidence_state"), reader.texts
    if table.is_empty():
        return None
    columns = [column for column in table.columns if column != "table"]
    heads = [
        texts("contradicted", "sources")
        if column == "contradicted"
        else texts(column.replace("_", " "))
        for column in columns
    ]
    lines = [
        cells([table_word(row["table"], texts), *(texts.number(row[c]) for c in columns)])
        for row in table.to_dicts()
    ]
    return {
        "title": texts("State of the data"),
        "head": reader.head((texts("table"), "left"), *((head, "right") for head in heads)),
        "widths": [1] + [0] * len(columns),
        "rows": lines,
        "note": texts(
            "Where sources contradict each other, all values are kept and one is marked as used."
        ),
    }


def claims(reader: Reader) -> Block | None:
    """Return the verdicts in numbers, and the claims that are contradicted."""
    rows, texts = reader.rows("claims"), reader.texts
    if not rows:
        return None
    statements = {row["id"]: reader.own(row, "claim") for row in reader.rows("input_claims")}
    names = {"series": reader.names("input_series"), "event": reader.names("input_events")}
    readings = {row["id"]: texts.free(row["reading"]) for row in reader.rows("input_claims")}

    def why(row: Row) -> str:
        return plain(f"{reason(row, names, texts)} {readings.get(row['claim_id'], '')}")

    lines = [
        cells([plain(i), statements.get(i, ""), why(row)])
        for row in rows
        if row["verdict"] == "contradicted" and (i := row["claim_id"])
    ]
    section: Block = {
        "title": texts("Claims of the founding article, tested against the evidence"),
        "lead": texts.clauses(claim_counts(reader)),
        "note": texts('A verdict "no data" says that no independent value was found.'),
    }
    if not lines:
        return section
    return section | {
        "subtitle": reader.capital(texts("contradicted")),
        "head": reader.head(
            (texts("id"), "left"), (texts("claim"), "left"), (texts("why"), "left")
        ),
        "widths": [0, 1, 1],
        "rows": lines,
    }


def measures(reader: Reader) -> Block | None:
    """Return the measures by pillar."""
    rows, texts = reader.rows("measures"), reader.texts
    if not rows:
        return None
    order = [p for p in PILLARS if any(row["pillar"] == p for row in rows)]
    order += sorted({row["pillar"] or "" for row in rows} - set(order))
    groups = [
        {
            "title": texts(PILLARS[pillar]) if pillar in PILLARS else plain(pillar),
            "rows": [_measure(reader, row) for row in rows if (row["pillar"] or "") == pillar],
        }
        for pillar in order
    ]
    return {
        "title": texts("Measures"),
        "head": reader.head(
            (texts("measure"), "left"),
            (texts("state"), "left"),
            (texts("from year"), "right"),
            (texts("cost"), "right"),
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


def _measure(reader: Reader, row: Row) -> list[Block]:
    words = [
        reader.own(row, "title"),
        reader.texts(row["state"].replace("_", " ")) if row["state"] else "–",
        "–" if row["from_year"] is None else str(row["from_year"]),
        _cost(reader, row["cost_musd"]),
        reader.texts.number(row["changes"]),
        reader.texts("yes") if row["applied"] else "–",
    ]
    return cells(words, {5: "strong" if row["applied"] else ""})


def _cost(reader: Reader, millions: float | None) -> str:
    return "–" if millions is None else reader.texts.money(millions * 1e6, COST_DIGITS)


def sources(reader: Reader) -> Block | None:
    """Return the sources that the itineraries shown cite."""
    legs = reader.legs_of(row["pair_id"] for row in reader.pairs[:FIRST_PAIRS])
    cited = {i for leg in legs for i in (leg["source_ids"] or "").split(";") if i}
    found = [row for row in reader.rows("input_sources") if row["id"] in cited]
    if not found:
        return None
    items = [
        {
            "text": plain(row["title"] or row["id"]),
            "more": reader.texts.listed(plain(row[k]) for k in ("publisher", "date") if row[k]),
            "url": url if is_web_address(url := plain(row["url"] or "")) else "",
        }
        for row in found
    ]
    title = reader.texts("Sources of the itineraries shown: {count}").format(count=len(items))
    return {"title": title, "items": items}


def method(reader: Reader) -> Block:
    """Return how the numbers are made, and what they cannot say."""
    texts = reader.texts
    how = [
        texts(
            "Tables of places, links, transfers, services and rates are read and checked; "
            "every value names its source or gives the reason for a choice."
        ),
        texts(
            "Measures change rows of the tables; the network is compiled for the year of the run."
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
            "them; the state of the data says how many."
        ),
        texts(
            "Itineraries do not depend on how many others travel, unless an engine of flows "
            "has been run."
        ),
        texts(
            "Costs are by published or assumed rates, not offers; a forwarder's price can differ."
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


def run(reader: Reader) -> Block:
    """Return what would give the same results again."""
    texts, manifest = reader.texts, reader.manifest
    versions = texts.listed(f"{name} {v}" for name, v in sorted(manifest["versions"].items()))
    inputs = manifest.get("inputs") or {}
    hashes = texts.listed(f"{name} {h[:HASH_DIGITS]}" for name, h in sorted(inputs.items()))
    facts = [
        (texts("case"), manifest["case"]),
        (texts("seed of random numbers"), str(manifest["seed"])),
        (texts("versions"), versions),
        (texts("hash of the program"), manifest["code"]),
        (texts("hashes of the tables"), hashes or "–"),
    ]
    return {
        "title": texts("This run"),
        "facts": [[reader.capital(name), plain(value)] for name, value in facts],
    }


def claim_counts(reader: Reader) -> list[str]:
    """Return the verdicts in numbers, a line each."""
    found = [row["verdict"] for row in reader.rows("claims")]
    if not found:
        return []
    return [
        reader.texts.colon(reader.capital(reader.texts(v)), reader.texts.number(found.count(v)))
        for v in VERDICTS
    ]


def _tone(verdict: str) -> str:
    return "good" if verdict in GOOD else "bad" if verdict in BAD else ""
