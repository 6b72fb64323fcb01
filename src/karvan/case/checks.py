"""Checks of a case's content: what the schema alone cannot say.

Each check is a function ``Case -> problems`` in :data:`CHECKS`; its problems carry stable names
that tests, translations and ``case.toml`` (``[checks] strict`` and ``quiet``) hang on.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from karvan import schema
from karvan.case.demand_checks import DEMAND_CHECKS, FLOW_EVIDENCE_CHECKS
from karvan.case.indicator_checks import INDICATOR_CHECKS
from karvan.case.model import Case, resolve
from karvan.case.network_checks import NETWORK_CHECKS
from karvan.case.operation_checks import OPERATION_CHECKS
from karvan.case.settings import LANGUAGES, Change
from karvan.case.texts import check_catalogues
from karvan.errors import CaseError, Problem, ScenarioError, did_you_mean
from karvan.evidence.derivations import DerivationCycle, derivation_order, recompute
from karvan.schema import list_of
from karvan.schema.read import ROW, cell_place, convert

Problems = Iterator[Problem]
DERIVED_TOLERANCE = 0.005
"""Printed inputs are rounded to three digits or so; a derived value may differ by that much."""


def check_keys(case: Case, tables: Iterable[str] | None = None) -> Problems:
    """Keys are unique, in every table or in `tables`."""
    for declared in map(schema.tables().__getitem__, tables or schema.tables()):
        table = case.table(declared.name)
        for column in (c for c in declared.columns if c.key):
            first: dict[str, int] = {}
            for row in table.iter_rows(named=True):
                value = row[column.name]
                if value in first:
                    yield Problem(
                        f"{declared.name}.{column.name}.duplicate",
                        cell_place(declared, row, column.name),
                        f"'{value}' again (first in row {first[value]})",
                        "a name that no other row has",
                    )
                first.setdefault(value, row[ROW])


def check_references(case: Case, tables: Iterable[str] | None = None) -> Problems:
    """Every id named in a cell exists in the table it refers to; in every table or in `tables`."""
    known: dict[str, set[str]] = {}
    for declared in map(schema.tables().__getitem__, tables or schema.tables()):
        columns = [c for c in declared.columns if c.references]
        for name in {c.references for c in columns} - known.keys():
            known[name] = set(case.table(name)["id"])
        for row in case.table(declared.name).iter_rows(named=True) if columns else ():
            for column in columns:
                for word in list_of(row[column.name]):
                    if word not in known[column.references]:
                        yield Problem(
                            f"{declared.name}.{column.name}.reference",
                            cell_place(declared, row, column.name),
                            f"'{word}'",
                            f"an id of {schema.tables()[column.references].path}",
                            did_you_mean(word, known[column.references]),
                        )


def _status_groups(declared: schema.TableSchema) -> list[tuple[str, tuple[str, ...]]]:
    """Prefix of the provenance columns and the value columns they speak of."""
    groups = [(f"{q}_", declared.value_columns(q)) for q in declared.quantities]
    if "status" in declared.names:
        groups.append(("", ()))
    return groups


def check_provenance(case: Case) -> Problems:
    """A reported value has a source; a chosen or derived one says why or how."""
    for declared in schema.tables().values():
        groups = _status_groups(declared)
        for row in case.table(declared.name).iter_rows(named=True) if groups else ():
            for prefix, values in groups:
                if all(_is_default(declared, row, v) for v in values or _stated(declared)):
                    continue  # no data, or the schema's own value: nothing to trace
                yield from _provenance(declared, row, prefix)


def _stated(declared: schema.TableSchema) -> tuple[str, ...]:
    """Columns that a row's own status speaks of: its values, or its key where it has none."""
    values = tuple(n for n in ("value", "value_low", "value_high") if n in declared.names)
    return values or tuple(c.name for c in declared.columns if c.key)


def _provenance(declared: schema.TableSchema, row: dict[str, Any], prefix: str) -> Problems:
    status = row[f"{prefix}status"]
    source, reason = row.get(f"{prefix}source_id"), row.get(f"{prefix}reason")
    formula = row.get(f"{prefix}formula")
    where = cell_place(declared, row, f"{prefix}status")
    name = f"{declared.name}.{prefix}"
    if status is None:
        yield Problem(
            f"{name}status.missing", where, "no status", "reported, derived, assumed or calibrated"
        )
    elif status == "reported" and not source:
        yield Problem(
            f"{name}source_id.missing",
            where,
            "reported without a source",
            f"a row of sources.csv in {prefix}source_id",
            "if nobody reported it, it is assumed: say why",
        )
    elif status in {"assumed", "calibrated"} and not reason:
        yield Problem(
            f"{name}reason.missing",
            where,
            f"{status} without a reason",
            f"why this value was chosen, in {prefix}reason",
        )
    elif status == "derived" and not (formula or reason):
        yield Problem(
            f"{name}formula.missing",
            where,
            "derived without saying how",
            f"a formula, or the method in {prefix}reason",
        )


def _is_default(declared: schema.TableSchema, row: dict[str, Any], column: str) -> bool:
    """Whether a cell is empty or holds the schema's default, which needs no provenance."""
    default = declared.column(column).default
    value = row[column]
    return value is None or (default != "" and value == convert(default, declared.column(column)))


def check_used(case: Case) -> Problems:
    """Of observations of one thing at one time, exactly one is used."""
    declared = schema.tables()["observations"]
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in case.table("observations").iter_rows(named=True):
        groups[row["series_id"], row["period"], row["coverage"]].append(row)
    for rows in groups.values():
        used = [row for row in rows if row["used"]]
        if len(used) != 1:
            yield Problem(
                "observations.used.count",
                cell_place(declared, (used or rows)[-1], "used"),
                f"{len(used)} of {len(rows)} observations of {rows[0]['series_id']} in "
                f"{rows[0]['period']} marked as used",
                "exactly one",
                "contradicting sources stay side by side, one is used; none is averaged",
            )


def check_derivations(case: Case) -> Problems:
    """Derived observations are recomputed from their formulas; no formula needs itself."""
    declared = schema.tables()["observations"]
    table = case.table("observations")
    rows = {row["id"]: row for row in table.iter_rows(named=True)}
    formulas = {i: row["formula"] for i, row in rows.items() if row["formula"]}
    try:
        derivation_order(formulas)
    except DerivationCycle as error:
        first = str(error.cycle[0])
        yield Problem(
            "observations.formula.cycle",
            cell_place(declared, rows[first], "formula"),
            " -> ".join(error.cycle),
            "a formula that does not need itself",
        )
        return
    for result in recompute(table).iter_rows(named=True):
        row = rows[result["id"]]
        if result["recomputed"] is None:
            yield Problem(
                "observations.formula.value",
                cell_place(declared, row, "formula"),
                f"'{row['formula']}'",
                "numbers, + - * / ( ) and [observation-id]",
                result["problem"] or "",
            )
        elif result["stated"] is None or result["relative_difference"] > DERIVED_TOLERANCE:
            yield Problem(
                "observations.formula.differs",
                cell_place(declared, row, "value"),
                "an empty cell" if result["stated"] is None else f"{result['stated']:g}",
                f"{result['recomputed']:g} by its formula",
                "correct the value or the formula",
            )


def check_measures(case: Case) -> Problems:
    """Every measure and scenario can be applied, cites sources that exist, and says who pays."""
    case = case.as_read
    sources = set(case.table("sources")["id"])
    sound = not any(check_references(case))
    known = _structure(case, schema.tables().keys()) if sound else None
    for name, measure in case.measures.items():
        where = f"measures/{name}.toml"
        cited = [measure.source_id, measure.cost_source_id, *(c.source_id for c in measure.changes)]
        yield from _unknown_sources("measures", where, cited, sources)
        yield from _unexplained("measures", where, measure.changes)
        if not measure.changes and not measure.pending:
            yield Problem(
                "measures.changes.missing",
                where,
                "no changes and no 'pending'",
                "what it changes, or which engine will read it",
            )
        year = max(case.year, measure.from_year)
        yield from _try(where, case, partial(resolve, measures=[name], year=year), known)
    for name, scenario in case.scenarios.items():
        where = f"scenarios/{name}.toml"
        yield from _unknown_sources(
            "scenarios", where, [c.source_id for c in scenario.overrides], sources
        )
        yield from _unexplained("scenarios", where, scenario.overrides)
        yield from _try(where, case, partial(resolve, scenario=name), known)


def _unknown_sources(kind: str, where: str, cited: Iterable[str], sources: set[str]) -> Problems:
    for word in dict.fromkeys(w for text in cited for w in list_of(text)):
        if word not in sources:
            yield Problem(
                f"{kind}.source_id.reference",
                where,
                f"source '{word}'",
                "an id of sources.csv",
                did_you_mean(word, sources),
            )


def _unexplained(kind: str, where: str, changes: Sequence[Change]) -> Problems:
    for number, change in enumerate(changes, 1):
        if change.status == "reported" and not change.source_id:
            yield Problem(
                f"{kind}.changes.source",
                f"{where} change {number}",
                "reported without a source",
                "source_id",
            )
        elif change.status != "reported" and not change.reason:
            yield Problem(
                f"{kind}.changes.reason",
                f"{where} change {number}",
                f"{change.status} without a reason",
                "reason",
            )


def _try(
    where: str, case: Case, change: Callable[[Case], Case], known: Collection[Problem] | None
) -> Problems:
    """Problems of changing the case, and those that come with the change.

    `known` are those of the unchanged case; without it only the change itself is tried.
    """
    try:
        changed = change(case)
    except ScenarioError as error:
        kind = where.partition("/")[0]
        yield Problem(f"{kind}.apply", where, str(error), "changes that fit the tables")
        return
    new = {name for name in case.tables if changed.table(name) is not case.table(name)}
    if known is not None and new:
        for problem in _structure(changed, new):
            if problem not in known:
                yield replace(problem, where=f"{where}: {problem.where}")


def _structure(case: Case, changed: Collection[str]) -> list[Problem]:
    """Problems of keys, references and network that changes of some tables can bring."""
    touched = [
        declared.name
        for declared in schema.tables().values()
        if declared.name in changed or any(c.references in changed for c in declared.columns)
    ]
    broken = list(check_references(case, touched))
    problems = [*check_keys(case, touched), *broken]
    if not broken:
        concerned = [
            check for check, reads in STRUCTURE_CHECKS.items() if not reads.isdisjoint(changed)
        ]
        problems += [p for check in concerned for p in check(case)]
    return problems


def check_texts(case: Case) -> Problems:
    """What people read exists in all languages (a warning)."""
    for declared in schema.tables().values():
        columns = [c for c in (f"name_{lang}" for lang in LANGUAGES) if c in declared.names]
        if len(columns) < len(LANGUAGES):
            continue
        missing = Counter(
            column
            for row in case.table(declared.name).iter_rows(named=True)
            for column in columns
            if not row[column]
        )
        for column, count in missing.items():
            yield Problem(
                f"{declared.name}.{column}.missing",
                f"{declared.path} {column}",
                f"{count} empty cell(s)",
                "a name in each language",
                "English is shown instead",
                severity="warning",
            )
    for kind, things in (("measures", case.measures), ("scenarios", case.scenarios)):
        for name, thing in things.items():
            for lang in LANGUAGES:
                if not getattr(thing.title, lang):
                    yield Problem(
                        f"{kind}.title.missing",
                        f"{kind}/{name}.toml title.{lang}",
                        "no title",
                        "a title in each language",
                        "English is shown instead",
                        severity="warning",
                    )


def check_validation(case: Case) -> Problems:
    """The scenario of a row of validation.csv exists, and trains say how long they are."""
    declared = schema.tables()["validation"]
    for row in case.table("validation").iter_rows(named=True):
        scenario = row["scenario_id"]
        if scenario and scenario not in case.scenarios:
            yield Problem(
                "validation.scenario_id.reference",
                cell_place(declared, row, "scenario_id"),
                f"'{scenario}'",
                "a scenario of the case, or an empty cell for the case as it is",
                did_you_mean(scenario, case.scenarios),
            )
        if row["quantity"] == "trains" and not row["rate_id"]:
            yield Problem(
                "validation.rate_id.missing",
                cell_place(declared, row, "rate_id"),
                "trains without a train load",
                "the row of network/rates.csv whose teu_per_train turns TEU into trains",
            )


def check_commodity(case: Case) -> Problems:
    """The default commodity and scenario of case.toml exist."""
    known = set(case.table("commodities")["id"])
    if case.settings.commodity not in known:
        yield Problem(
            "case.commodity",
            "case.toml commodity",
            f"'{case.settings.commodity}'",
            "an id of demand/commodities.csv",
            did_you_mean(case.settings.commodity, known),
        )
    if case.settings.scenario and case.settings.scenario not in case.scenarios:
        yield Problem(
            "case.scenario",
            "case.toml scenario",
            f"'{case.settings.scenario}'",
            "a scenario of the case",
            did_you_mean(case.settings.scenario, case.scenarios),
        )


STRUCTURE_CHECKS: Mapping[Callable[[Case], Iterator[Problem]], frozenset[str]] = {
    **NETWORK_CHECKS,
    **OPERATION_CHECKS,
    **DEMAND_CHECKS,
    **INDICATOR_CHECKS,
}
"""What holds in a case and in every scenario of it, with the tables that each check reads."""

CHECKS: tuple[Callable[[Case], Iterable[Problem]], ...] = (
    check_keys,
    check_references,
    check_provenance,
    check_used,
    check_derivations,
    check_commodity,
    check_validation,
    *STRUCTURE_CHECKS,
    *FLOW_EVIDENCE_CHECKS,
    check_measures,
    check_texts,
    check_catalogues,
)


NEED_SOUND_REFERENCES = frozenset({*STRUCTURE_CHECKS, *FLOW_EVIDENCE_CHECKS})


def check_case(case: Case) -> list[Problem]:
    """Return every problem of a case's content, warnings included, by its strictness settings.

    Checks that need sound references are left out while references are broken.
    """
    problems: list[Problem] = []
    sound = next(check_references(case), None) is None
    for check in CHECKS:
        if sound or check not in NEED_SOUND_REFERENCES:
            problems += check(case)
    strict, quiet = case.settings.checks.strict, case.settings.checks.quiet
    return [
        replace(p, severity="error") if p.check in strict else p
        for p in problems
        if not (p.severity == "warning" and p.check in quiet)
    ]


def require_sound(case: Case) -> list[Problem]:
    """Return the warnings of a case; raise CaseError with every problem that stops a run."""
    problems = check_case(case)
    errors = [p for p in problems if p.severity == "error"]
    if errors:
        raise CaseError(errors, subject=f"the case '{case.root.name}'")
    return problems
