"""`aidefence serve`: start the gateway."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer

from aidefence.delivery.cli.options import (
    ConfigOption,
    DeepOption,
    DenseOption,
    PolicyOption,
    RulesOption,
    SetOption,
    fail,
    mode_of,
)
from aidefence.domain.enums import Profile
from aidefence.domain.errors import AIDefenceError, SettingError


def serve(
    *,
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
    policy: PolicyOption = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Start without keys on an address others can reach.")
    ] = False,
    made: SetOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve until told to stop.

    Options win over AIDEFENCE_* variables, those over the settings file, that over the defaults.
    """
    # By name, as a server loads an application: wiring stands above the doors.
    app: Any = import_module("aidefence.app.settings")
    serving: Any = import_module("aidefence.app.serving")
    chosen = {"profile": profile, "paranoia": paranoia, "rules_dir": rules}
    server = {"host": host, "port": port, "workers": workers, "insecure": insecure or None}
    modes = {"dense": dense, "deep": deep}
    flags: dict[str, Any] = {
        **_told(chosen),
        **{name: mode_of(value) for name, value in _told(modes).items()},
        "server": _told(server),
        "policies": {"files": policy} if policy else {},
    }
    try:
        for one in made or ():
            lay_flag(flags, one)
        serving.serve(app.Sources.of(config, flags))
    except AIDefenceError as error:
        fail(str(error))


def grpc(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port.")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Start without keys on an address others can reach.")
    ] = False,
    made: SetOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve gRPC alone until told to stop; `serve` does it beside HTTP where it is switched on."""
    app: Any = import_module("aidefence.app.settings")
    alone: Any = import_module("aidefence.app.grpc")
    flags: dict[str, Any] = {
        "server": _told({"host": host, "insecure": insecure or None}),
        "grpc": {"enabled": True, **_told({"port": port})},
    }
    try:
        for one in made or ():
            lay_flag(flags, one)
        alone.serve_grpc(app.Sources.of(config, flags))
    except AIDefenceError as error:
        fail(str(error))


def lay_flag(flags: dict[str, Any], told: str) -> None:
    """Put what `--set NAME=VALUE` says among the flags."""
    name, equals, value = told.partition("=")
    *tables, last = name.strip().split(".")
    if not equals or not all((*tables, last)):
        raise SettingError(name, "expected `name=value`, as `server.port=9000`", "--set")
    for step in tables:
        flags = flags.setdefault(step, {})
        if not isinstance(flags, dict):
            raise SettingError(name, f"`{step}` is no table", "--set")
    flags[last] = value.strip()


def _told(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
