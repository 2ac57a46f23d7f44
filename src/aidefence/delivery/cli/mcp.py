"""`aidefence mcp`: tools for agents over standard streams."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer

from aidefence.delivery.cli.options import (
    ConfigOption,
    DeepOption,
    DenseOption,
    RulesOption,
    fail,
    mode_of,
)
from aidefence.domain.enums import Profile
from aidefence.domain.errors import AIDefenceError

app = typer.Typer(
    help="Serve tools for agents, or stand in front of other servers.", rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
def mcp(
    context: typer.Context,
    *,
    profile: Annotated[
        Profile | None, typer.Option(help="Balance between missed attacks and false alarms.")
    ] = None,
    rules: RulesOption = None,
    dense: DenseOption = None,
    deep: DeepOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve tools for agents over standard input and output, until the client closes them.

    Options win over AIDEFENCE_* variables, those over the settings file, that over the defaults.
    """
    if context.invoked_subcommand is not None:
        return
    # By name, as `serve` loads the gateway: wiring stands above the doors.
    settings: Any = import_module("aidefence.app.settings")
    wiring: Any = import_module("aidefence.app.mcp")
    given = {
        "profile": profile,
        "rules_dir": rules,
        "dense": None if dense is None else mode_of(dense),
        "deep": None if deep is None else mode_of(deep),
    }
    flags: dict[str, Any] = {name: it for name, it in given.items() if it is not None}
    try:
        wiring.serve_stdio(settings.Sources.of(config, {**flags, "mcp": {"enabled": True}}))
    except AIDefenceError as error:
        fail(str(error))
