"""`aidefence switch`: switch detectors, doors or everything off, and on again."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.options import ConfigOption, JsonOption, fail
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.access import LOCAL, Caller
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.switches import Switch, Switches

if TYPE_CHECKING:
    from aidefence.service.operations import Operations

app = typer.Typer(
    help="The kill switch and its kin. Running gateways act within a second.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_MS_PER_SECOND = 1000
SwitchArgument = Annotated[
    str,
    typer.Argument(
        metavar="SWITCH", help="all, category:NAME, rule:GLOB, tier:2, tier:3 or door:NAME."
    ),
]


@app.command("list")
def list_switches(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell what is off, since when and why, and where that is in force."""
    with _operations(config) as operations:
        switches, workers = operations.switches(), operations.workers()
    here = [it for it in workers if it.generation == switches.generation]
    if as_json:
        off = [
            {"switch": str(it.switch), "by": it.by, "reason": it.reason, "atMs": it.at_ms}
            for it in switches.off
        ]
        told = {"generation": switches.generation, "workers": len(workers), "inForce": len(here)}
        sys.stdout.write(json_text({**told, "off": off}, indent=2) + "\n")
        return
    out = console(sys.stdout)
    if not switches.off:
        out.print("nothing is switched off")
    else:
        out.print(_table(switches))
    if workers:
        out.print(f"in force in {len(here)} of {len(workers)} workers")
    for worker in workers:
        if worker.failure:
            out.print(Text(printable(f"worker {worker.pid}: {worker.failure}"), style="bold red"))


@app.command()
def off(
    switch: SwitchArgument,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; answers tell it.")],
    config: ConfigOption = None,
) -> None:
    """Switch something off. Texts are still read and told about, as far as something is left."""
    with _operations(config) as operations:
        operations.switch_off(Switch.parse(switch), _caller(), reason)
    console(sys.stdout).print(Text(printable(f"`{switch}` is off")))


@app.command()
def on(switch: SwitchArgument, config: ConfigOption = None) -> None:
    """Switch something on again."""
    with _operations(config) as operations:
        operations.switch_on(Switch.parse(switch), _caller())
    console(sys.stdout).print(Text(printable(f"`{switch}` is on again")))


def _table(switches: Switches) -> Table:
    table = Table("switch", "since", "by", "why", box=None, pad_edge=False)
    for it in switches.off:
        since = datetime.fromtimestamp(it.at_ms / _MS_PER_SECOND, UTC).isoformat(" ", "seconds")
        cells = (str(it.switch), since, it.by, it.reason)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _caller() -> Caller:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        return LOCAL
    return replace(LOCAL, id=f"{LOCAL.id}:{name}")


@contextmanager
def _operations(config: Any) -> Iterator[Operations]:  # noqa: ANN401 -- a path or none
    # By name: wiring stands above the doors.
    settings: Any = import_module("aidefence.app.settings")
    operating: Any = import_module("aidefence.app.operating")
    try:
        yield operating.open_operations(settings.Sources.of(config))
    except AIDefenceError as error:
        fail(str(error))
