"""The engine against the queueing theory of the reference: its pass rule, all cases with a flag.

``KARVAN_SLOW=1`` runs all cases at the precision of the rule (a standard error of 0.3 %); without
it a few run, less precise.
"""

import json
from pathlib import Path

import pytest

from queueing_cases import PRECISION, SLOW, Verdict, case_of, judged

FILE = Path(__file__).resolve().parents[2] / "shared" / "reference" / "simulation" / "queueing.json"
CASES: dict[str, dict[str, float]] = json.loads(FILE.read_text()) if FILE.exists() else {}
QUICK = [
    "MM1 lam=0.5 mu=1",
    "MMcK c=3 K=8 lam=2.7 mu=1",
    "ErlangB c=5 a=3.0",
    "tandem 2 stations saturated, exp(1), buffer 2, blocking after service",
    "machine repair N=12 locomotives, c=2 repair tracks, fail .1, repair 1",
]


def judge(name: str, *, precision: float, most: int, seed: int = 2026) -> dict[str, Verdict]:
    """Estimates beside the reference, and whether the rule holds."""
    return judged(case_of(name), CASES[name], seed, precision=precision, most=most)


@pytest.mark.published
@pytest.mark.parametrize("name", [n for n in QUICK if n in CASES])
def test_quick_cases_of_queueing_theory(name: str) -> None:
    for q, (value, reference, se, passes) in judge(name, precision=0.01, most=10).items():
        assert passes, f"{name} {q}: {value} +- {se}, reference {reference}"


@pytest.mark.slow
@pytest.mark.published
@pytest.mark.skipif(not SLOW, reason="minutes of computing: set KARVAN_SLOW=1")
@pytest.mark.parametrize("name", CASES)
def test_all_cases_of_queueing_theory_by_the_pass_rule(name: str) -> None:
    for q, (value, reference, se, passes) in judge(name, precision=PRECISION, most=400).items():
        assert se <= PRECISION * abs(reference), f"{name} {q}: {se / abs(reference):.2%}"
        assert passes, f"{name} {q}: {value} +- {se}, reference {reference}"
