"""Questions: which case a run is of, and the id of the run that answers."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from karvan.case import Case
from karvan.case.model import resolve
from karvan.case.results import file_hash
from karvan.case.texts import FILES as CATALOGUES
from karvan.errors import KarvanError, ScenarioError, did_you_mean
from karvan.network.boundaries import BOUNDARIES
from karvan.network.geometry import GEOMETRY
from karvan.runs.execute import code_hash, table_hash
from karvan.runs.stages import Effort

ID_LENGTH = 16


class CaseChangedError(KarvanError):
    """The case folder or the code is not what it was when the server started."""


def resolve_question(
    case: Case,
    scenario: str | None,
    measures: Iterable[str],
    without: Iterable[str],
    year: int | None,
) -> Case:
    """Return the case a question is asked of.

    Measures are applied in the order of the case, so that the same set is the same run.

    Parameters
    ----------
    case : Case
        As read.
    scenario : str or None
        Empty for none, None for the case's default.
    measures, without : iterable of str
        Measures to take beside those of the scenario, and those of it to leave out.
    year : int or None
        Instead of the scenario's.
    """
    chosen = case.settings.scenario if scenario is None else scenario
    order = {name: n for n, name in enumerate(case.measures)}
    # Unknown measures go last: resolve() refuses them by name.
    wanted = sorted(set(measures), key=lambda name: (order.get(name, len(order)), name))
    left_out = frozenset(without)
    _known(case, left_out)
    if not (left_out and chosen in case.scenarios):
        return resolve(case, scenario=chosen, measures=wanted, year=year)
    whole = case.scenarios[chosen]
    less = whole.model_copy(update={"measures": [m for m in whole.measures if m not in left_out]})
    asked = replace(case, scenarios={**case.scenarios, chosen: less})
    found = resolve(asked, scenario=chosen, measures=wanted, year=year)
    # Who looks at scenarios later, as validation does, must find them whole.
    return replace(found, scenarios=case.scenarios, unchanged=case)


def _known(case: Case, names: frozenset[str]) -> None:
    """Refuse names that are no measures, as resolve() does."""
    for name in sorted(names - case.measures.keys()):
        hint = did_you_mean(name, case.measures) or f"it has: {', '.join(case.measures)}"
        message = f"no measure '{name}' in this case; {hint}"
        raise ScenarioError(message)


def run_id(case: Case, effort: Effort) -> str:
    """Return the hash of all that the results of a run of `case` depend on."""
    parts = [code_hash(), repr(effort), case.scenario, str(case.year), *case.applied]
    parts += [
        case.settings.model_dump_json(),
        *(file_hash(case.root / name) for name in (GEOMETRY, BOUNDARIES, *CATALOGUES)),
    ]
    for one in (case, case.as_read):
        parts += [f"{name} {table_hash(one, name)}" for name in sorted(one.tables)]
    for things in (case.measures, case.scenarios):
        parts += [thing.model_dump_json() for thing in things.values()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:ID_LENGTH]
