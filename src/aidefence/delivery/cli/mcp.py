"""`aidefence mcp`: tools for agents over standard streams, and a proxy before other servers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from aidefence.delivery.cli.options import (
    ConfigOption,
    DeepOption,
    DenseOption,
    Exit,
    RulesOption,
    SetOption,
    fail,
    mode_of,
)
from aidefence.delivery.cli.scan_options import ExcludeRule, Quiet
from aidefence.delivery.cli.serve import lay_flag
from aidefence.domain.enums import Profile
from aidefence.domain.errors import AIDefenceError

app = typer.Typer(
    help="Serve tools for agents, or stand in front of other servers.", rich_markup_mode=None
)

ProfileChoice: TypeAlias = Annotated[
    Profile | None, typer.Option(help="Balance between missed attacks and false alarms.")
]


DeployedOption: TypeAlias = Annotated[
    bool | None, typer.Option("--deployed", help="Policies deployed to the store here hold, too.")
]


class StopAt(StrEnum):
    """From which action on something does not pass."""

    REVIEW = "review"
    BLOCK = "block"


@app.callback(invoke_without_command=True)
def mcp(
    context: typer.Context,
    *,
    profile: ProfileChoice = None,
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
    flags = {**_guarding(profile, rules, dense, deep), "mcp": {"enabled": True}}
    try:
        wiring.serve_stdio(settings.Sources.of(config, flags))
    except AIDefenceError as error:
        fail(str(error))


@app.command("proxy")
def proxy(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- COMMAND …", help="The server to start, after two dashes."),
    ] = None,
    *,
    url: Annotated[
        str, typer.Option(help="A server behind an address, in the place of a command.")
    ] = "",
    header: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:VALUE", help="Goes with every request to --url; repeat."),
    ] = None,
    name: Annotated[str, typer.Option(help="What the server is called in --pins.")] = "",
    pins: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Approved definitions: others are stopped.")
    ] = None,
    pin_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Key that seals the pins.")
    ] = None,
    stop_at: Annotated[
        StopAt | None, typer.Option(help="From which action on something does not pass.")
    ] = None,
    redact: Annotated[
        bool | None, typer.Option("--redact", help="Replace private data and keys in answers.")
    ] = None,
    deployed: DeployedOption = None,
    profile: ProfileChoice = None,
    exclude_rule: ExcludeRule = None,
    rules: RulesOption = None,
    dense: DenseOption = None,
    deep: DeepOption = None,
    quiet: Quiet = False,
    made: SetOption = None,
    config: ConfigOption = None,
) -> None:
    """Stand between a client and a server of tools: read what passes, stop what must not.

    In a client's configuration put `aidefence mcp proxy --` before the server's own command.
    """
    _check_server(command or (), url)
    settings: Any = import_module("aidefence.app.settings")
    wiring: Any = import_module("aidefence.app.mcp_proxy")
    told = {"redact": redact, "pins": pins, "deployed": deployed}
    section = {"stop_at": stop_at and stop_at.value, **told}
    flags = {
        **_guarding(profile, rules, dense, deep),
        **({"exclude": tuple(exclude_rule)} if exclude_rule else {}),
        "mcp_proxy": {key: it for key, it in section.items() if it is not None},
    }
    try:
        for one in made or ():
            lay_flag(flags, one)
        behind = wiring.Behind(command or (), url, _headers(header or ()), name, pin_key)
        held = wiring.run_proxy(settings.Sources.of(config, flags), behind, quiet=quiet)
    except (AIDefenceError, OSError) as error:
        fail(str(error))
    if not held:
        raise typer.Exit(Exit.FOUND)


def _check_server(command: Sequence[str], url: str) -> None:
    if bool(command) is bool(url):
        raise typer.BadParameter("name the server: aidefence mcp proxy -- COMMAND …, or --url URL")
    if url and not url.startswith(("http://", "https://")):
        raise typer.BadParameter("--url begins with https:// or http://")


def _headers(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for one in given:
        name, colon, value = one.partition(":")
        if not (colon and name.strip()):
            raise typer.BadParameter("--header is NAME:VALUE")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def _guarding(
    profile: Profile | None, rules: Path | None, dense: bool | None, deep: bool | None
) -> dict[str, Any]:
    given = {
        "profile": profile,
        "rules_dir": rules,
        "dense": None if dense is None else mode_of(dense),
        "deep": None if deep is None else mode_of(deep),
    }
    return {name: it for name, it in given.items() if it is not None}
