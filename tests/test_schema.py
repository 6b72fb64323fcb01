"""The declared tables agree with themselves: names, units, defaults, references."""

import itertools

import pytest

from karvan import schema
from karvan.schema import UNIT_SUFFIXES, UNITS_WITHOUT_SUFFIX, Column, ResultColumn, TableSchema
from karvan.schema.read import CONVERT, convert

TABLES = list(schema.tables().values())
COLUMNS = [
    pytest.param(table, column, id=f"{table.name}.{column.name}")
    for table in TABLES
    for column in table.columns
]
RESULT_COLUMNS = [
    pytest.param(column, id=f"{name}.{column.name}")
    for name, columns in schema.result_tables().items()
    for column in columns
]
RESULT_TYPES = {"text", "prose", "number", "integer", "boolean"}
PROVENANCE = ("status", "source_id", "reason")
# Longest first, so that "_usd_per_teu_km" is not taken for "_km".
SUFFIXES = sorted(UNIT_SUFFIXES.items(), key=lambda item: -len(item[1]))


def unit_said_in(name: str) -> str:
    """Unit that a name ends with; a name may be the unit alone, as ``km`` of a leg."""
    return next((unit for unit, suffix in SUFFIXES if f"_{name}".endswith(suffix)), "")


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_unit_suffix_of_every_column_is_its_declared_unit(
    table: TableSchema, column: Column
) -> None:
    if column.unit in UNITS_WITHOUT_SUFFIX:
        assert unit_said_in(column.name) == ""
    else:
        assert unit_said_in(column.name) == column.unit


@pytest.mark.parametrize("column", RESULT_COLUMNS)
def test_unit_suffix_of_every_result_column_is_its_declared_unit(column: ResultColumn) -> None:
    if column.unit in UNITS_WITHOUT_SUFFIX:
        assert unit_said_in(column.name) == ""
    else:
        assert unit_said_in(column.name) == column.unit


def test_suffixes_tell_units_apart() -> None:
    assert len(set(UNIT_SUFFIXES.values())) == len(UNIT_SUFFIXES)
    for unit, suffix in UNIT_SUFFIXES.items():
        assert unit_said_in(f"x{suffix}") == unit


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_every_column_is_described_and_of_a_known_type(table: TableSchema, column: Column) -> None:
    assert column.description
    assert column.type in CONVERT
    assert bool(column.values) == (column.type == "enum")
    assert bool(column.references) == (column.type in {"ref", "refs"})
    if column.unit:
        assert column.type in {"number", "integer", "enum"}
    if column.minimum is not None or column.maximum is not None:
        assert column.type in {"number", "integer"}


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_defaults_are_valid_values(table: TableSchema, column: Column) -> None:
    if column.default:
        assert not column.required, "a required cell never takes its default"
        convert(column.default, column)


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_references_name_a_table_with_ids(table: TableSchema, column: Column) -> None:
    if column.references:
        assert schema.tables()[column.references].column("id").key


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_every_table_has_one_key_called_id_and_no_column_twice(table: TableSchema) -> None:
    keys = [column for column in table.columns if column.key]
    assert [key.name for key in keys] == ["id"]
    assert keys[0].required
    assert table.columns[0] is keys[0], "the key comes first, so that a reader sees it"
    assert len(set(table.names)) == len(table.names)
    assert table.description
    assert table.path.endswith(f"{table.name}.csv")


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_every_provenance_block_has_its_columns_and_values(table: TableSchema) -> None:
    for quantity in table.quantities:
        assert table.value_columns(quantity), f"{quantity}_status speaks of no value"
        for part in PROVENANCE:
            assert f"{quantity}_{part}" in table.names
        status = table.column(f"{quantity}_status")
        assert status.values == ("reported", "derived", "assumed", "calibrated")
        assert table.column(f"{quantity}_source_id").references == "sources"
    blocks = [set(table.value_columns(q)) for q in table.quantities]
    for one, other in itertools.combinations(blocks, 2):
        assert one.isdisjoint(other)


def test_value_columns_of_a_quantity_without_provenance_is_an_error() -> None:
    with pytest.raises(KeyError):
        schema.tables()["links"].value_columns("colour")


def test_column_of_another_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        schema.tables()["links"].column("colour")


@pytest.mark.parametrize("column", RESULT_COLUMNS)
def test_every_result_column_is_described(column: ResultColumn) -> None:
    assert column.description
    assert column.type in RESULT_TYPES


@pytest.mark.parametrize("name", schema.result_tables())
def test_every_result_table_has_keys_and_no_column_twice(name: str) -> None:
    columns = schema.result_tables()[name]
    assert any(column.key for column in columns)
    assert len({column.name for column in columns}) == len(columns)
