"""The entry point of the command line."""

from __future__ import annotations

import typer

from aidefence.delivery.cli import rules
from aidefence.delivery.cli.benchmark import bench
from aidefence.delivery.cli.doctor import doctor
from aidefence.delivery.cli.evaluate import evaluate_files
from aidefence.delivery.cli.scan import scan
from aidefence.delivery.cli.serve import serve

app = typer.Typer(
    name="aidefence",
    help="Inspect prompts, documents, tool calls and answers around a language model.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(scan)
app.command()(serve)
app.add_typer(rules.app, name="rules")
app.command("eval")(evaluate_files)
app.command()(bench)
app.command()(doctor)


def main() -> None:
    """Run the command line."""
    app()
