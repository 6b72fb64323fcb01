"""``karvan simulate``: run a model of one's own."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import polars as pl

from karvan.cli.common import Share, console, language_option, not_written
from karvan.report import simulation_terminal as terminal
from karvan.report.language import Texts
from karvan.simulation import (
    Model,
    SimulationResult,
    WaitSummary,
    bottlenecks,
    critical_shares,
    read_model,
    simulate,
)
from karvan.simulation.critical_path import see_class
from karvan.simulation.precision import PrecisionRule
from karvan.simulation.statistics import Interval

INTERRUPTED = 130
LEAST_FOR_PRECISION = 2
HASH_SHOWN = 12
TABLES = ("replications", "stages", "classes", "pools", "intervals")
EXAMPLES = """\b
Examples:
  karvan simulate port.toml
  karvan simulate port.toml --replications 30 --threads 2 --json
  karvan simulate port.toml --precision 2%
  karvan simulate port.toml --critical-path ship
  karvan simulate port.toml --bottlenecks ship
  karvan simulate folder/ --horizon 8760 --warmup 500 --log events.parquet
"""


@click.command("simulate", epilog=EXAMPLES)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--replications", type=click.IntRange(1), default=10, show_default=True,
              help="Runs with draws of their own; with --precision the fewest.")  # fmt: skip
@click.option("--precision", type=Share(), metavar="SHARE",
              help="Go on until the mean times are as precise as that, e.g. 2%.")  # fmt: skip
@click.option("--most", type=click.IntRange(2), default=1_000, show_default=True,
              help="Replications at most, with --precision.")  # fmt: skip
@click.option("--confidence", type=Share(), metavar="SHARE", default="95%",
              show_default=True, help="Of the intervals.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of random numbers.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True,
              help="Replications at once; results do not depend on it.")  # fmt: skip
@click.option("--horizon", type=float, help="End of a replication, h; instead of the model's.")
@click.option("--warmup", type=float, help="Time not counted, h; instead of the model's.")
@click.option("--most-inside", type=click.IntRange(1), default=1_000_000, show_default=True,
              help="Stop a replication when more are inside; its counts are kept.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Write all tables as JSON.")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the events of the first replication as Parquet.")  # fmt: skip
@click.option("--critical-path", metavar="CLASS",
              help="Show on whose work times of CLASS hang, in the first replication.")  # fmt: skip
@click.option("--bottlenecks", "bottlenecks_of", metavar="CLASS",
              help="Run again with one more of each; show what it saves CLASS.")  # fmt: skip
@language_option
def simulate_command(
    model: Path,
    *,
    replications: int,
    precision: float | None,
    most: int,
    confidence: float,
    seed: int,
    threads: int,
    horizon: float | None,
    warmup: float | None,
    most_inside: int,
    as_json: bool,
    log: Path | None,
    critical_path: str | None,
    bottlenecks_of: str | None,
    lang: str,
) -> int | None:
    """Simulate MODEL, a TOML file or a folder of tables.

    Shows the mean of each measure over replications with its interval, and waits by cause. What the
    engine found (warnings, notes) is in English in all languages.
    """
    rule = None
    if precision is not None:
        fewest = max(replications, LEAST_FOR_PRECISION)
        rule = PrecisionRule(precision, confidence, fewest, max(most, fewest))
    if log is not None:
        _see_that_it_can_be_written(log)
    tables = read_model(model)
    if critical_path is not None:
        see_class(tables, critical_path)
    if bottlenecks_of is not None:
        see_class(tables, bottlenecks_of, "bottlenecks")
    result = simulate(
        tables,
        replications=replications,
        seed=seed,
        threads=threads,
        horizon_h=horizon,
        warmup_h=warmup,
        most_inside=most_inside,
        log=log is not None or critical_path is not None,
        precision=rule,
        confidence=confidence,
    )
    if log is not None and result.log is not None:
        result.log.write_parquet(log)
    texts = Texts(lang)
    shares = None
    if critical_path is not None:
        shares = critical_shares(tables, result, critical_path, warmup_h=warmup).to_dicts()
    ranked: list[dict[str, Any]] | None = []
    if bottlenecks_of is not None and not result.interrupted:
        ranked = _bottlenecks(
            tables,
            bottlenecks_of,
            replications=max(len(result.replications), LEAST_FOR_PRECISION),
            seed=seed,
            threads=threads,
            horizon_h=horizon,
            warmup_h=warmup,
            confidence=confidence,
        )
    if as_json:
        more = {"critical_path": shares, "bottlenecks": ranked}
        written = as_dictionary(result) | {name: rows for name, rows in more.items() if rows}
        click.echo(json.dumps(written, ensure_ascii=False, allow_nan=False))
    else:
        show(result, precision, texts)
        if critical_path is not None and shares:
            console().print(terminal.critical_path(critical_path, shares, texts))
        if bottlenecks_of is not None and ranked:
            console().print(terminal.bottlenecks(bottlenecks_of, ranked, confidence, texts))
    console(error=True).print(
        terminal.notes(result.warnings, [str(c) for c in result.cautions], texts), end=""
    )
    if result.interrupted or ranked is None:
        kept = f"karvan: interrupted; {len(result.replications)} finished replications are kept"
        click.echo(kept + (", bottlenecks are left out" if ranked is None else ""), err=True)
        return INTERRUPTED
    return None


def _bottlenecks(model: Model, of_class: str, **options: Any) -> list[dict[str, Any]] | None:  # noqa: ANN401 - those of simulate
    """Return what one more of each saves; None if somebody pressed Ctrl-C."""
    try:
        ranked = bottlenecks(model, of_class, **options)
    except KeyboardInterrupt:
        return None
    return [
        {
            "stage": row.stage,
            "rank": row.rank,
            "saved_h": row.gain.estimate,
            "half_width": row.gain.half_width,
            "significant": row.significant,
            "tied_with_first": row.tied_with_first,
        }
        for row in ranked
    ]


def _see_that_it_can_be_written(path: Path) -> None:
    """Refuse a file that cannot be written before the work, not after it."""
    there = path.exists()
    try:
        path.open("ab").close()
        if not there:
            # The work may fail, and would leave an empty file behind.
            path.unlink()
    except OSError as error:
        raise not_written(path, error, "--log") from None


def as_dictionary(result: SimulationResult) -> dict[str, Any]:
    """Return a result as JSON writes it; a number that is not there is null."""
    decision = result.decision
    return {
        "seed": result.seed,
        "model_hash": result.model_hash,
        "confidence": result.confidence,
        "warnings": list(result.warnings),
        "cautions": [asdict(caution) for caution in result.cautions],
        "lost": {str(n): why for n, why in result.lost.items()},
        "interrupted": result.interrupted,
        "precision": None
        if decision is None
        else {"reason": decision.reason, "needed": decision.needed, "worst": decision.worst},
        "waits": _wait_rows(result.waits),
        **{n: _without_nan(getattr(result, n)).to_dicts() for n in TABLES},
    }


def _without_nan(table: pl.DataFrame) -> pl.DataFrame:
    return table.fill_nan(None)


def _wait_rows(waits: WaitSummary | None) -> list[dict[str, Any]]:
    if waits is None:
        return []

    def row(stage: str, cause: str, length: Interval, share: float) -> dict[str, Any]:
        ends = {"estimate": length.estimate, "half_width": length.half_width}
        return {"stage": stage, "cause": cause, **ends, "share": share}

    return [row(w.stage, w.cause, w.wait_h, w.share) for w in waits.by_stage_and_cause]


def show(result: SimulationResult, precision: float | None, texts: Texts) -> None:
    """Print intervals over the replications and waits by cause."""
    out = console()
    error = float(result.replications["law_error"].to_numpy().max())
    n = len(result.replications)
    out.print(terminal.head(n, result.seed, result.model_hash[:HASH_SHOWN], error, texts))
    rows = result.intervals
    for name, table in (("classes", terminal.classes), ("stages", terminal.stages)):
        out.print(table(rows.filter(pl.col("table") == name), result.confidence, texts))
    waits = _wait_rows(result.waits)
    if waits:
        out.print(terminal.waits(waits, texts))
    found = result.decision
    if found is not None and precision is not None:
        out.print(terminal.decision(precision, found.reason, n, found.needed, found.worst, texts))
