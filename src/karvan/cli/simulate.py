"""``karvan simulate``: run a model of one's own."""

import json
from pathlib import Path
from typing import Any

import click
import polars as pl
from rich.table import Table

from karvan.cli.common import console
from karvan.simulation import SimulationResult, read_model, simulate

INTERRUPTED = 130
STAGE_COLUMNS = ("wait_h", "queue_h", "closure_h", "batch_h", "pool_h", "blocked_h", "utilization")
CLASS_COLUMNS = ("left", "inside_mean", "time_mean_h", "time_p50_h", "time_p95_h")
EXAMPLES = """\b
Examples:
  karvan simulate port.toml
  karvan simulate port.toml --replications 30 --threads 2 --json
  karvan simulate folder/ --horizon 8760 --warmup 500 --log events.parquet
"""


@click.command("simulate", epilog=EXAMPLES)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--replications", type=click.IntRange(1), default=10, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of random numbers.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option("--horizon", type=float, help="End of a replication, h; instead of the model's.")
@click.option("--warmup", type=float, help="Time not counted, h; instead of the model's.")
@click.option("--most-inside", type=click.IntRange(1), default=1_000_000, show_default=True,
              help="Stop a replication when more are inside; its counts are kept.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Write all tables as JSON.")
@click.option("--log", type=click.Path(path_type=Path),
              help="Write the events of the first replication as Parquet.")  # fmt: skip
def simulate_command(
    model: Path,
    replications: int,
    seed: int,
    threads: int,
    horizon: float | None,
    warmup: float | None,
    most_inside: int,
    as_json: bool,
    log: Path | None,
) -> int | None:
    """Simulate MODEL, a TOML file or a folder of tables, and show means over replications."""
    result = simulate(
        read_model(model),
        replications=replications,
        seed=seed,
        threads=threads,
        horizon_h=horizon,
        warmup_h=warmup,
        most_inside=most_inside,
        log=log is not None,
    )
    if log is not None and result.log is not None:
        result.log.write_parquet(log)
    if as_json:
        click.echo(json.dumps(as_dictionary(result), allow_nan=False))
    else:
        show(result)
    for warning in result.warnings:
        click.echo(f"karvan: warning: {warning}", err=True)
    if result.interrupted:
        click.echo(
            f"karvan: interrupted; {len(result.replications)} finished replications are kept",
            err=True,
        )
        return INTERRUPTED
    return None


def as_dictionary(result: SimulationResult) -> dict[str, Any]:
    """Return a result as JSON writes it; a number that is not there is null."""
    names = ("replications", "stages", "classes", "pools")
    return {
        "seed": result.seed,
        "model_hash": result.model_hash,
        "warnings": list(result.warnings),
        "lost": {str(n): why for n, why in result.lost.items()},
        "interrupted": result.interrupted,
        **{n: getattr(result, n).fill_nan(None).to_dicts() for n in names},
    }


def show(result: SimulationResult) -> None:
    """Print means over the replications."""
    out = console()
    out.print(
        f"{len(result.replications)} replication(s), seed {result.seed}, "
        f"model {result.model_hash[:12]}"
    )
    out.print(_table(result.classes, "class", CLASS_COLUMNS))
    out.print(_table(result.stages, "stage", STAGE_COLUMNS))


def _table(frame: pl.DataFrame, key: str, columns: tuple[str, ...]) -> Table:
    means = frame.group_by(key, maintain_order=True).agg(pl.col(c).mean() for c in columns)
    table = Table(title=f"Mean over replications, by {key}")
    table.add_column(key)
    for column in columns:
        table.add_column(column, justify="right")
    for row in means.iter_rows():
        table.add_row(str(row[0]), *("" if v is None else f"{v:,.4g}" for v in row[1:]))
    return table
