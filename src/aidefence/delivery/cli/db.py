"""`aidefence db`: the store of a gateway, its shape and what it holds."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.text import Text

from aidefence.delivery.cli.opening import (
    DEFAULT_NAME,
    DEFAULT_TENANT,
    AsOption,
    TenantOption,
    owner,
    sources_of,
    store_of,
    storing,
    telling_errors,
)
from aidefence.delivery.cli.options import ConfigOption, Exit, JsonOption
from aidefence.delivery.cli.terminal import console, json_text, printable

app = typer.Typer(
    help="Look after the store: its tables, what it holds, what is to be forgotten.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def upgrade(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring the tables to the shape that this version speaks.

    A gateway does so itself for SQLite when it starts; for PostgreSQL it leaves that to you.
    """
    with telling_errors():
        place, before = storing().upgrade_store(sources_of(config))
    if as_json:
        body = {"store": place, "from": before.found, "to": before.wanted}
        sys.stdout.write(json_text(body, indent=2) + "\n")
        return
    told = "is up to date" if before.current else f"went from {before.found or 'nothing'}"
    line = f"{place} {told}: shape {before.wanted}"
    console(sys.stdout).print(Text(printable(line)))


@app.command()
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell where the store is, of which shape, and how much it holds.

    Exit codes: 0 fit to be used, 1 to be upgraded first, 2 cannot be read.
    """
    with telling_errors():
        found = storing().examine_store(sources_of(config))
    shape = found.shape
    if as_json:
        body = {
            "store": found.place,
            "shape": {"found": shape.found, "wanted": shape.wanted},
            "counts": dict(found.counts),
            "journalBytes": found.waiting_bytes,
        }
        sys.stdout.write(json_text(body, indent=2) + "\n")
    else:
        terminal = console(sys.stdout)
        terminal.print(Text(printable(found.place), style="bold"))
        terminal.print(f"shape {shape.found or 'none'}, this version speaks {shape.wanted}")
        for kind, count in found.counts.items():
            terminal.print(f"{count:>12,} {kind}")
        if shape.current:
            terminal.print(f"{found.waiting_bytes:>12,} bytes in journals")
    if not shape.current:
        raise typer.Exit(Exit.FOUND)


@app.command()
def purge(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Forget what has been kept long enough. A running gateway does so by itself."""
    with store_of(config) as store:
        gone = dict(store.retention.purge())
        gone["jobs"] = store.jobs.purge()
    if as_json:
        sys.stdout.write(json_text(gone, indent=2) + "\n")
        return
    terminal = console(sys.stdout)
    for kind, count in gone.items():
        terminal.print(f"{count:>12,} {kind}")


@app.command()
def erase(
    user: Annotated[str, typer.Argument(metavar="USER", help="The `userId` of their requests.")],
    tenant: TenantOption = DEFAULT_TENANT,
    name: AsOption = DEFAULT_NAME,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete all that is kept of the requests of one user; a gateway may go on meanwhile."""
    with telling_errors(), storing().opened_erasure(sources_of(config)) as erasure:
        done = erasure.erase(user, owner(name, tenant))
    if as_json:
        body = {"digest": done.digest, "erased": dict(done.counts)}
        sys.stdout.write(json_text(body, indent=2) + "\n")
        return
    terminal = console(sys.stdout)
    for kind, count in done.counts.items():
        terminal.print(f"{count:>12,} {kind}")
    terminal.print(f"in the audit log: {done.digest}")
