"""``karvan serve``: the app and its API."""

from importlib.util import find_spec
from pathlib import Path

import click

from karvan.cli.common import DEFAULT_CASE
from karvan.errors import KarvanError
from karvan.web.effort import REPLICATIONS

EXTRA = ("starlette", "uvicorn")


@click.command(
    epilog="""\b
Examples:
  karvan serve
  karvan serve my-case --port 9000 --open
  karvan serve --host 0.0.0.0 --token "$(openssl rand -hex 16)"
"""
)
@click.argument("case_name", metavar="[CASE]", default=DEFAULT_CASE)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; one that others can reach needs --token.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port; 0 takes a free one.",
)
@click.option(
    "--token",
    default="",
    envvar="KARVAN_TOKEN",
    help="Secret that clients have to show (or the variable KARVAN_TOKEN).",
)
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results/serve"),
    show_default=True,
    help="Folder for runs; finished ones are found again.",
)
@click.option(
    "--allow-host", "hosts", multiple=True, metavar="NAME", help="Further name of the server."
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Runs at a time."
)
@click.option(
    "--queue",
    type=click.IntRange(0, 1000),
    default=8,
    show_default=True,
    help="Runs that may wait.",
)
@click.option(
    "--replications",
    type=click.IntRange(1),
    default=REPLICATIONS,
    show_default=True,
    help="Simulated years of each run; 'karvan run' takes 30.",
)
@click.option("--open", "open_browser", is_flag=True, help="Open the app in the browser.")
def serve(
    case_name: str,
    *,
    host: str,
    port: int,
    token: str,
    results: Path,
    hosts: tuple[str, ...],
    workers: int,
    queue: int,
    replications: int,
    open_browser: bool,
) -> None:
    """Open CASE as an app in the browser: switch measures, compare, plan routes.

    The same answers as JSON: see docs/api.md. Only this computer can reach it, unless --host says
    otherwise. Ctrl-C ends it; what runs have finished is kept.
    """
    if any(find_spec(name) is None for name in EXTRA):
        message = "'karvan serve' needs the extra 'web': pip install 'karvan[web]'"
        raise KarvanError(message)
    from karvan.web.service import Options
    from karvan.web.serving import serve as listen

    options = Options(
        case_name,
        results,
        token,
        hosts,
        workers=workers,
        queue=queue,
        warm=True,
        replications=replications,
    )

    def tell(address: str) -> None:
        click.echo(f"karvan: {case_name} at {address} (Ctrl-C ends it)")

    try:
        listen(options, host, port, tell=tell, open_browser=open_browser)
    except KeyboardInterrupt:
        click.echo("karvan: stopped; finished runs are in " + str(results), err=True)
