"""Small networks built from rows, for tests of the network and of itineraries."""

from karvan import schema
from karvan.schema.read import parse_table

DEFAULTS = {
    "nodes": {"name_en": "x", "kind": "station", "country": "AA", "lat": 0, "lon": 0},
    "rates": {
        "speed_kmh": 50,
        "speed_low_kmh": 25,
        "speed_high_kmh": 75,
        "cost_usd_per_teu_km": 1,
        "co2e_g_per_tkm": 20,
    },
    "links": {"mode": "rail", "rate_id": "rail", "length_km": 100, "state": "operating"},
    "transfers": {
        "dwell_min_h": 1,
        "dwell_typical_h": 2,
        "dwell_max_h": 9,
        "cost_usd_per_teu": 10,
    },
    "services": {"operator": "x", "name_en": "x", "mode": "sea", "departure": "frequency"},
    "calendars": {"status": "assumed"},
    "terminals": {"name_en": "x"},
    "alternatives": {"name_en": "x"},
    "flows": {"year": 2024, "market": "x"},
    "commodities": {
        "name_en": "x",
        "value_of_time_usd_per_teu_h": 2,
        "payload_t_per_teu": 10,
    },
}
BASIC_RATES = (
    {"id": "rail", "mode": "rail", "headway_h": 24},
    {"id": "road", "mode": "road", "headway_h": 6, "speed_kmh": 60},
    {"id": "sea", "mode": "sea", "cost_usd_per_teu_km": 0.2, "speed_kmh": 25, "speed_low_kmh": 20},
)
BASIC_TRANSFERS = (
    {"id": "origin", "kind": "origin"},
    {"id": "destination", "kind": "destination"},
    {"id": "port", "kind": "port"},
    {"id": "terminal", "kind": "terminal"},
    {"id": "marshalling", "kind": "marshalling"},
)


def table(name, rows):
    """Return the typed table that a CSV of `rows` would give."""
    declared = schema.tables()[name]
    lines = [",".join(declared.names)]
    for row in rows:
        cells = {**DEFAULTS.get(name, {}), **row}
        lines.append(",".join(str(cells.get(column, "")) for column in declared.names))
    frame, problems = parse_table("\n".join(lines) + "\n", declared, name)
    assert not problems, problems
    return frame


def tables(**rows):
    """Return tables of a network; rates, transfers and commodities are basic ones if not given."""
    rows.setdefault("rates", BASIC_RATES)
    rows.setdefault("transfers", BASIC_TRANSFERS)
    rows.setdefault("commodities", [{"id": "containers"}])
    nodes = rows["nodes"]
    rows["nodes"] = [{"id": n} if isinstance(n, str) else n for n in nodes]
    return {name: table(name, rows.get(name, [])) for name in schema.tables()}
