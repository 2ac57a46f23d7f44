"""`aidefence audit`: read the audit log, and find what was done to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.opening import DEFAULT_NAME, DEFAULT_TENANT, owner, store_of, when
from aidefence.delivery.cli.options import ConfigOption, Exit, JsonOption
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.audit import AuditAction, AuditRecord

app = typer.Typer(
    help="Read the audit log, and check that nobody has changed it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_PAGE = 1000


@app.command()
def verify(
    head: Annotated[
        str | None, typer.Option(metavar="HASH", help="A head that was noted before.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the whole chain: every record, its place and its signature.

    Note the head it prints somewhere else: with `--head` it proves later that nothing behind it
    was cut off. Exit codes: 0 intact, 1 changed, 2 cannot be read.
    """
    with store_of(config) as store:
        report = store.audit.verify(head)
    if as_json:
        body = {
            "records": report.records,
            "head": report.head,
            "intact": report.intact,
            "faults": [{"number": it.number, "reason": it.reason} for it in report.faults],
        }
        sys.stdout.write(json_text(body, indent=2) + "\n")
    else:
        terminal = console(sys.stdout)
        for fault in report.faults:
            line = f"record {fault.number}: {printable(fault.reason)}"
            terminal.print(Text(line, style="bold red"))
        told = "intact" if report.intact else f"{len(report.faults)} faults"
        terminal.print(Text(f"{report.records} records: {told}", style="bold"))
        terminal.print(f"head {report.head or 'none'}")
    if not report.intact:
        raise typer.Exit(Exit.FOUND)


@app.command("list")
def list_records(
    after: Annotated[int, typer.Option(min=0, help="Only behind this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=_PAGE, help="At most so many.")] = 100,
    action: Annotated[
        list[AuditAction] | None, typer.Option(help="Only this action; repeat for more.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose records.")] = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List records, oldest first."""
    with store_of(config) as store:
        records = store.audit.read(owner(DEFAULT_NAME, tenant), action or (), after, limit)
    if as_json:
        sys.stdout.write(json_text([_object(it) for it in records], indent=2) + "\n")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("number", "when", "who", "action", "target", "details"):
        table.add_column(title, overflow="fold")
    for it in records:
        details = " ".join(f"{name}={value}" for name, value in it.event.details.items())
        table.add_row(
            str(it.number),
            when(it.at_ms),
            Text(printable(it.event.actor)),
            Text(it.event.action.value, style="bold"),
            Text(printable(it.event.target)),
            Text(printable(details)),
        )
    console(sys.stdout).print(table)


@app.command()
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Instead of the terminal.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write all records of all tenants as lines of JSON; that it was done is a record itself."""
    with store_of(config) as store:
        store.audit.note_system(AuditAction.AUDIT_EXPORTED)
        after, lines = 0, list[str]()
        while records := store.audit.read_all(after, _PAGE):
            lines += [json_text(_object(it)) + "\n" for it in records]
            after = records[-1].number
    if output is None:
        sys.stdout.writelines(lines)
        return
    draft = output.with_name(f".{output.name}.part")
    draft.write_text("".join(lines), "utf-8")
    draft.replace(output)
    console(sys.stderr).print(f"{len(lines)} records")


def _object(it: AuditRecord) -> dict[str, object]:
    return {
        "number": it.number,
        "at": it.at_ms,
        "action": it.event.action.value,
        "actor": it.event.actor,
        "tenant": it.event.tenant,
        "target": it.event.target,
        "details": dict(it.event.details),
        "previous": it.previous,
        "hash": it.hash,
        "keyId": it.key_id,
        "signature": it.signature,
    }
