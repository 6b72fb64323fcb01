"""Progress of long work on the error stream."""

from typing import Self

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from karvan.cli.common import console


class Bars:
    """A bar for each part of some work: what is running, how far, how long still.

    Nothing is shown before the first bar, so that a command may fail without one.
    """

    def __init__(self, *, quiet: bool, transient: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            console=console(error=True),
            disable=quiet,
            transient=transient,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._tasks:
            self._progress.stop()
