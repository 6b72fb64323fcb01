"""What a case rests on, counted."""

import polars as pl

from karvan.evidence.state import contradictions, evidence_state

TEXT = pl.String


def observations(*rows: tuple[str, str | None, float | None, str]) -> pl.DataFrame:
    schema = {"period": TEXT, "coverage": TEXT, "value": pl.Float64, "status": TEXT}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(
        pl.lit("s").alias("series_id"),
        pl.lit(None, pl.Float64).alias("value_low"),
        pl.lit(None, pl.Float64).alias("value_high"),
    )


def test_observations_are_counted_by_status() -> None:
    table = observations(
        ("2023", None, 1.0, "reported"),
        ("2024", None, 2.0, "derived"),
        ("2025", None, None, "reported"),
        ("2026", None, 3.0, "assumed"),
    )
    row = evidence_state({"observations": table}).row(0, named=True)
    assert row == {
        "table": "observations",
        "rows": 4,
        "quantities": 3,
        "reported": 1,
        "derived": 1,
        "assumed": 1,
        "calibrated": 0,
        "contradicted": 0,
        "without_data": 1,
    }


def test_a_range_without_a_value_is_data() -> None:
    table = observations(("2025", None, None, "reported")).with_columns(value_low=pl.lit(7.0))
    assert evidence_state({"o": table})["without_data"].item() == 0


def test_only_different_values_of_the_same_thing_contradict() -> None:
    table = observations(
        ("2024", None, 287.0, "reported"),
        ("2024", None, 358.0, "reported"),
        ("2024", "transit", 146.0, "reported"),
        ("2025", None, 392.0, "reported"),
        ("2025", None, 392.0, "reported"),
        ("2026", None, 1.0, "reported"),
        ("2026", None, None, "reported"),
    )
    found = contradictions(table)
    assert found.rows() == [("s", "2024", None, 2, 287.0, 358.0)]
    assert evidence_state({"o": table})["contradicted"].item() == 1


def test_cells_are_counted_where_a_table_has_several_quantities() -> None:
    links = pl.DataFrame(
        {
            "length_status": ["reported", "derived", "assumed"],
            "capacity_status": ["calibrated", None, None],
        },
        schema={"length_status": TEXT, "capacity_status": TEXT},
    )
    row = evidence_state({"links": links}).row(0, named=True)
    assert (row["rows"], row["quantities"], row["without_data"]) == (3, 4, 2)
    assert [row[s] for s in ("reported", "derived", "assumed", "calibrated")] == [1, 1, 1, 1]


def test_rows_are_counted_where_a_table_has_no_status() -> None:
    events = pl.DataFrame({"id": ["a", "b"], "source_id": ["s", "s"]})
    row = evidence_state({"events": events}).row(0, named=True)
    assert (row["rows"], row["quantities"], row["reported"]) == (2, 2, 0)


def test_no_tables_give_an_empty_table_with_its_columns() -> None:
    assert evidence_state({}).columns[:3] == ["table", "rows", "quantities"]
