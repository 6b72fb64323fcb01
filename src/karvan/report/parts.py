"""The results document in parts: what the first picture needs, and what can come after it.

Report and app paint from the first part.  Tables behind dialogs, folded rows and the pages of
evidence are most of a document, and the evidence is the same in all scenarios: a part is known by
a digest, so that whoever has it already need not fetch or unpack it again.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from karvan.report.document import document_json
from karvan.report.movements import COLUMNS

EVIDENCE = frozenset({
    "input_observations", "input_series", "input_sources", "input_claims", "input_events",
    "input_validation", "input_indicator_values", "texts", "score_years", "score_changes",
})  # fmt: skip
DETAILS = frozenset({
    "flow_itineraries", "input_flows", "input_transfers", "input_rates", "input_fleets",
    "input_calendars", "input_constants", "input_operations", "score_cells", "score_chances",
    "score_correlations", "score_sensitivity", "score_ties", "score_tags", "score_importance",
    "score_reliability", "score_weightings", "score_removals", "score_unit_sensitivity",
    "score_ranks",
})  # fmt: skip
SIMULATION = frozenset({
    "simulation", "simulated_journeys", "simulated_times", "simulated_waits",
    "simulated_resources", "simulated_months", "simulated_bottlenecks",
})  # fmt: skip
LATER: Mapping[str, frozenset[str]] = {
    "evidence": EVIDENCE,
    "details": DETAILS,
    "simulation": SIMULATION,
    "movements": frozenset(COLUMNS),
}
"""Tables that no first picture shows, by part; all others are in the first part.

Evidence and details follow the first picture, since dialogs of all pages need them; simulation and
movements come when somebody opens the page that shows them.
"""

DIGEST_LENGTH = 16


def first_part(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document without the tables of later parts; ``later`` says what they hold."""
    away = frozenset().union(*LATER.values())
    early = {name: table for name, table in document["tables"].items() if name not in away}
    return {**document, "tables": early, "later": {name: _sign(document, name) for name in LATER}}


def later_part(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the tables of a later part."""
    tables = document["tables"]
    return {"tables": {table: tables[table] for table in tables if table in LATER[name]}}


def _sign(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the digest of a later part and the number of rows of its tables."""
    part = later_part(document, name)
    digest = hashlib.sha256(document_json(part).encode()).hexdigest()[:DIGEST_LENGTH]
    rows = {table: len(content["rows"]) for table, content in part["tables"].items()}
    return {"digest": digest, "rows": rows}
