"""``karvan completion``: completion in a shell."""

import click
from click.shell_completion import get_completion_class


@click.command(
    epilog="""\b
Examples:
  karvan completion bash >> ~/.bashrc
  karvan completion zsh >> ~/.zshrc
  karvan completion fish > ~/.config/fish/completions/karvan.fish
"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes commands and options in SHELL."""
    from karvan.cli import cli

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(cli, {}, "karvan", "_KARVAN_COMPLETE").source())
