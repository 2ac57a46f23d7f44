"""`aidefence serve`: start the gateway."""

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


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Worker processes.")] = None,
    profile: Annotated[
        Profile | None, typer.Option(help="Balance between missed attacks and false alarms.")
    ] = None,
    paranoia: Annotated[
        int | None, typer.Option(min=1, max=4, help="2 and up add rules that cry wolf more often.")
    ] = None,
    rules: RulesOption = None,
    dense: DenseOption = None,
    deep: DeepOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve the REST API until told to stop.

    Options win over AIDEFENCE_* variables, those over the settings file, that over the defaults.
    """
    # By name, as a server loads an application: wiring stands above the doors.
    settings: Any = import_module("aidefence.app.settings")
    gateway: Any = import_module("aidefence.app.gateway")
    server = {"host": host, "port": port, "workers": workers}
    chosen = {"profile": profile, "paranoia": paranoia, "rules_dir": rules}
    asked = {"dense": dense, "deep": deep}
    modes = {name: mode_of(value) for name, value in asked.items() if value is not None}
    try:
        values = settings.read_settings(config).model_dump()
        values["server"] |= {name: value for name, value in server.items() if value is not None}
        values |= {name: value for name, value in chosen.items() if value is not None} | modes
        # The engine is built here once: a wrong rule is told before a port is taken.
        fixed = settings.FixedSettings.model_validate(values)
        gateway.make_app(fixed)
        gateway.serve(fixed)
    except AIDefenceError as error:
        fail(str(error))
