"""``karvan warmup``: compile the kernels ahead of use."""

import time
from importlib import import_module

import click

KERNELS = (
    "bush",
    "conservation",
    "detours",
    "events",
    "graph",
    "kshortest",
    "markov",
    "pareto",
    "recursions",
    "response",
)


@click.command(epilog="\b\nExample:\n  karvan warmup\n")
def warmup() -> None:
    """Compile the numerical kernels and keep them, so that the first question is answered fast.

    Needed once after an installation or an update; without it the first run does it.
    """
    began = time.perf_counter()
    for name in KERNELS:
        click.echo(f"compiling {name} ...", err=True)
        import_module(f"karvan.kernels.{name}")
    click.echo(f"{len(KERNELS)} kernels ready in {time.perf_counter() - began:.1f} s")
