"""`aidefence config`: check, show and describe the settings."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.options import ConfigOption, Exit, JsonOption, SetOption, fail
from aidefence.delivery.cli.serve import lay_flag
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.errors import AIDefenceError

app = typer.Typer(
    help="Check, show and describe the settings.", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
def check(config: ConfigOption = None, made: SetOption = None, as_json: JsonOption = False) -> None:
    """Tell all that would keep a gateway with these settings from starting.

    Exit codes: 0 nothing, 1 something is wrong.
    """
    flaws = _app("operating").check(_sources(config, made))
    strays = list(_app("settings.telling").stray_variables())
    if as_json:
        wrong = [{"setting": it.setting, "reason": it.reason, "where": it.where} for it in flaws]
        _write({"valid": not flaws, "errors": wrong, "warnings": strays})
    else:
        out = console(sys.stdout)
        for flaw in flaws:
            out.print(Text(printable(_line(flaw)), style="bold red"))
        for stray in strays:
            out.print(Text(printable(stray), style="yellow"))
        if not flaws:
            out.print(Text("the settings are in order", style="green"))
    if flaws:
        raise typer.Exit(Exit.FOUND)


@app.command()
def show(
    config: ConfigOption = None,
    made: SetOption = None,
    changed: Annotated[bool, typer.Option("--changed", help="Leave out defaults.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell every setting that holds, and who said so; secrets stay hidden."""
    try:
        told = _app("settings.telling").tell(_sources(config, made))
    except AIDefenceError as error:
        fail(str(error))
    rows = [it for it in told if not (changed and it.where == "default")]
    if as_json:
        _write([{"name": it.name, "value": it.value, "from": it.where} for it in rows])
        return
    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for it in rows:
        value = it.value if isinstance(it.value, str) else json_text(it.value)
        table.add_row(*(Text(printable(cell)) for cell in (it.name, value, it.where)))
    console(sys.stdout).print(table)


@app.command()
def schema() -> None:
    """Write the JSON schema of a file of settings, for editors."""
    _write(_app("settings.describing").schema())


def _line(flaw: Any) -> str:  # noqa: ANN401 -- from above the doors
    named = f"setting `{flaw.setting}`: " if flaw.setting else ""
    return f"{flaw.where}: {named}{flaw.reason}".removeprefix(": ")


def _sources(config: Any, made: list[str] | None) -> Any:  # noqa: ANN401 -- from above the doors
    flags: dict[str, Any] = {}
    try:
        for one in made or ():
            lay_flag(flags, one)
    except AIDefenceError as error:
        fail(str(error))
    return _app("settings").Sources.of(config, flags)


def _app(name: str) -> Any:  # noqa: ANN401 -- wiring stands above the doors: asked for by name
    return import_module(f"aidefence.app.{name}")


def _write(document: object) -> None:
    sys.stdout.write(json_text(document, indent=2) + "\n")
