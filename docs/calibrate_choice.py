"""Fit constants of route alternatives and the choice scale: python docs/calibrate_choice.py.

Targets are the rows of validation.csv with the role `calibration` that are named below, all of
2022 to 2024; what is held out (2025) is printed at the end and never looked at by the fit.  At each
scale the constant of an alternative is corrected by the mean log error of its targets over the
scale, the usual contraction for alternative-specific constants; the scale with the least sum of
squared log errors is kept.  Of the constants that are assumed, those of TIED move along with
fitted ones; the others stay as they are in demand/constants.csv.  Prints the values to write there
and into demand/commodities.csv.  Takes about two minutes.
"""

from collections.abc import Iterable
from dataclasses import replace

import click
import numpy as np
import polars as pl

from karvan.case import Case, read_case
from karvan.case.model import resolve
from karvan.runs.flow_validation import FLOW_QUANTITIES, assigned, flow_value

BOXES = ("containers", "containers-high-value", "containers-low-value", "vehicles")
FITTED = ("northern", "middle-trans-caspian", "turkmen-caspian")
"""Alternatives whose constant for containers is fitted."""

CARS = BOXES[3:]
SANCTIONS_USD = 1500.0
"""Iran beyond what a land route saves less than the value of time says (assumed)."""

TIED = {
    **{("iran", goods): ("middle-trans-caspian", SANCTIONS_USD) for goods in BOXES},
    **{("turkmen-caspian", goods): ("middle-trans-caspian", 0.0) for goods in CARS},
}
"""What has no target -> the fitted alternative whose constant it follows, and how much more."""

TARGETS = {
    "northern": tuple(f"china-europe-rail-teu-{year}" for year in (2022, 2023, 2024)),
    "middle-trans-caspian": ("titr-teu-2022", "titr-teu-2023", "titr-teu-2024"),
    "turkmen-caspian": ("turkmenbashi-teu-2023",),
}
SCALES = (0.0065, 0.009, 0.0125, 0.017)
"""Scales that are tried [1/USD]."""

ROUNDS = 12
"""Corrections of the constants at each scale."""


def with_parameters(case: Case, constants: Iterable[float], scale: float) -> Case:
    """The case with these constants for containers, and one scale for all commodities."""
    table = case.table("constants")
    value = dict(zip(FITTED, constants, strict=True))
    wanted = {(alternative, goods): value[alternative] for alternative in FITTED for goods in BOXES}
    wanted |= {key: value[leader] + more for key, (leader, more) in TIED.items()}
    own = [f"{alternative}-{goods}" for alternative, goods in wanted]
    rows = [
        {"id": f"{a}-{c}", "alternative_id": a, "commodity_id": c, "constant_usd_per_teu": usd}
        for (a, c), usd in wanted.items()
    ]
    kept = table.filter(~pl.col("id").is_in(own))
    table = pl.concat([kept, pl.DataFrame(rows)], how="diagonal")
    goods = case.table("commodities").with_columns(choice_scale_per_usd=pl.lit(scale))
    return replace(case, tables={**case.tables, "constants": table, "commodities": goods})


def main() -> None:
    """Fit, then print parameters and every flow row of validation.csv."""
    case = read_case("middle-corridor")
    rows = {
        r["id"]: r
        for r in case.table("validation").iter_rows(named=True)
        if r["quantity"] in FLOW_QUANTITIES
    }
    targets = [rows[name] for names in TARGETS.values() for name in names]
    if any(r["role"] != "calibration" for r in targets):
        message = "a target is held out: it must not be fitted"
        raise SystemExit(message)
    scenario = {n: resolve(case, scenario=n) for n in {r["scenario_id"] for r in rows.values()}}

    def errors(constants: Iterable[float], scale: float) -> dict[str, float]:
        cases = {
            n: with_parameters(scenario[n], constants, scale)
            for n in {r["scenario_id"] for r in targets}
        }
        found = {
            r["id"]: np.log(max(flow_value(cases[r["scenario_id"]], r)[0], 1.0) / r["expected"])
            for r in targets
        }
        assigned.cache_clear()
        return found

    best = (np.inf, None, None)
    constants = dict(zip(FITTED, (8850.0, 6500.0, 4000.0), strict=True))
    for scale in SCALES:
        for _ in range(ROUNDS):
            found = errors(constants.values(), scale)
            total = float(np.square(list(found.values())).sum())
            click.echo(f"{scale} { {a: round(c) for a, c in constants.items()} } {total:.3f}")
            click.echo(f"    { {n: round(float(e), 2) for n, e in found.items()} }")
            if total < best[0]:
                best = (total, dict(constants), scale)
            for alternative, names in TARGETS.items():
                # Small shares move by the scale times the constant, in logarithms.
                constants[alternative] += np.mean([found[n] for n in names]) / scale
    total, constants, scale = best
    click.echo(f"misfit {total}, constants {constants}, scale {scale}")
    for row in rows.values():
        fitted = with_parameters(scenario[row["scenario_id"]], constants.values(), scale)
        value, _ = flow_value(fitted, row)
        click.echo(f"{row['role']} {row['id']}: {row['expected']}, modelled {value or 0.0:.1f}")


if __name__ == "__main__":
    main()
