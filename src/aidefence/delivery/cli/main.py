"""The entry point of the command line."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Annotated, Final

import typer

from aidefence import __version__

# Where each command stands. They are loaded by name: to run one, the others and what they stand on
# need not be in memory.
_COMMANDS: Final = {
    "scan": "scan:scan",
    "scan-chat": "scan_chat:scan_chat",
    "scan-tools": "scan_tools:scan_tools",
    "redact": "rewriting:redact",
    "neutralize": "rewriting:neutralize",
    "serve": "serve:serve",
    "grpc": "serve:grpc",
    "export": "exporting:export",
    "eval": "evaluate:evaluate_files",
    "bench": "benchmark:bench",
    "doctor": "doctor:doctor",
    "rules": "rules:app",
    "policy": "policy:app",
    "config": "config:app",
    "switch": "switch:app",
    "keys": "keys:app",
    "db": "db:app",
    "audit": "audit:app",
    "review": "review:app",
    "mcp": "mcp:app",
}


def main() -> None:
    """Run the command line."""
    [word, *_] = [*sys.argv[1:2], ""]
    (_with((word,)) if word in _COMMANDS else whole())()


@cache
def whole() -> typer.Typer:
    """Load all commands, as help and completion need them."""
    return _with(tuple(_COMMANDS))


def __getattr__(name: str) -> typer.Typer:
    if name != "app":
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    return whole()


def _with(names: tuple[str, ...]) -> typer.Typer:
    app = typer.Typer(
        name="aidefence",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(common)
    for name in names:
        module, _, attribute = _COMMANDS[name].partition(":")
        command = getattr(import_module(f"aidefence.delivery.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _tell_version(value: bool) -> None:
    if value:
        typer.echo(f"aidefence {__version__}")
        raise typer.Exit


def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say it.")
    ] = False,
) -> None:
    """Inspect prompts, documents, tool calls and answers around a language model."""
