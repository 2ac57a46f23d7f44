"""`aidefence scan-tools`: tool definitions in, what is wrong with them out."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aidefence.delivery.cli import scan_options as given
from aidefence.delivery.cli.options import (
    Colour,
    ColourOption,
    DeepOption,
    DenseOption,
    Exit,
    ParanoiaOption,
    ProfileOption,
    RulesOption,
    fail,
    open_guard,
)
from aidefence.delivery.cli.scan import target
from aidefence.delivery.cli.scan_options import FailOn, Format
from aidefence.delivery.cli.terminal import console, printable
from aidefence.delivery.cli.tool_report import Scan, write_human, write_json, write_sarif
from aidefence.delivery.cli.tool_sources import Collected, collect
from aidefence.domain.enums import Action, Profile
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.tools import ToolCheck, ToolFinding, ToolsDecision

if TYPE_CHECKING:
    from aidefence import Guard, ToolPins
    from aidefence.ingest.tools import Tools


class ToolFormat(StrEnum):
    """What a scan of tools writes."""

    HUMAN = "human"
    JSON = "json"
    SARIF = "sarif"


_Output = Annotated[ToolFormat, typer.Option("--format", help="What to write.")]
_Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE|URL",
        help="JSON: tools, `tools/list`, or a client's servers; - is stdin; or a server's address.",
    ),
]
_Launch = Annotated[
    bool, typer.Option("--launch", help="Start the servers of a client's configuration.")
]
_Timeout = Annotated[
    float, typer.Option(min=0.1, max=3600, help="Seconds that a server may take to answer.")
]
_Pins = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Approved definitions: tell what changed.")
]
_PinKey = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Key that seals the pins: the file's bytes.")
]
_Approve = Annotated[
    bool, typer.Option("--approve", help="Write these definitions into --pins, unless blocked.")
]


def scan_tools(  # noqa: PLR0917 - one parameter an option is how typer reads a command
    files: _Files,
    launch: _Launch = False,
    timeout: _Timeout = 30,
    pins: _Pins = None,
    pin_key: _PinKey = None,
    approve: _Approve = False,
    output_format: _Output = ToolFormat.HUMAN,
    output: given.OutputFile = None,
    fail_on: given.Fail = FailOn.FLAG,
    profile: ProfileOption = Profile.BALANCED,
    rules: RulesOption = None,
    paranoia: ParanoiaOption = 1,
    exclude_rule: given.ExcludeRule = None,
    dense: DenseOption = None,
    deep: DeepOption = None,
    quiet: given.Quiet = False,
    color: ColourOption = Colour.AUTO,
) -> None:
    """Scan tool definitions before a model is given them.

    Exit codes: 0 clean, 1 found, 2 something could not be scanned.
    """
    if approve and pins is None:
        raise typer.BadParameter("--approve needs --pins: the file to write to")
    guard = open_guard(
        profile=profile,
        rules=rules,
        paranoia=paranoia,
        exclude=tuple(exclude_rule or ()),
        dense=dense,
        deep=deep,
    )
    terminal = console(sys.stderr)

    def tell(line: str) -> None:
        if not quiet:
            terminal.print(f"aidefence: {printable(line)}", style="dim")

    collected = collect(files, launch=launch, timeout_seconds=timeout, tell=tell)
    try:
        store = _open_pins(pins, pin_key)
        decision = _inspect(guard, collected, store)
        refused = approve and not _approve_all(decision, collected, store)
    except AIDefenceError as error:
        fail(str(error))
    found = sum(_counts(it, fail_on, approve=approve) for it in decision.findings)
    code = Exit.ERROR if collected.errors else Exit.FOUND if found or refused else Exit.CLEAN
    scan = Scan(decision, collected, found, int(code))
    if not quiet or output is not None:
        _write(scan, output_format, output, color)
    for error_line in collected.errors:
        terminal.print(f"aidefence: {printable(error_line)}", style="red")
    for missed in decision.degraded if not quiet else ():
        terminal.print(f"aidefence: {missed.check} did not run: {missed.reason}", style="yellow")
    if refused:
        terminal.print("aidefence: not approved: some of these tools are blocked", style="red")
    raise typer.Exit(code)


def _inspect(guard: Guard, collected: Collected, store: ToolPins | None) -> ToolsDecision:
    return guard.inspect_tools(_document(collected), pins=store)


def _document(collected: Collected) -> Tools:
    # One list without a name stays one, so that its pointers are those of the file.
    if list(collected.servers) == [""]:
        only: Tools = collected.servers[""]
        return only
    return collected.servers


def _open_pins(pins: Path | None, pin_key: Path | None) -> ToolPins | None:
    from aidefence import ToolPins  # noqa: PLC0415

    if pins is None:
        return None
    try:
        return ToolPins(pins, key=None if pin_key is None else pin_key.read_bytes())
    except OSError as error:
        fail(f"cannot read key `{pin_key}`: {(error.strerror or str(error)).lower()}")


def _approve_all(decision: ToolsDecision, collected: Collected, store: ToolPins | None) -> bool:
    if store is None or decision.action is Action.BLOCK or collected.errors:
        return False
    store.approve(_document(collected), prune=True)
    return True


def _counts(finding: ToolFinding, fail_on: FailOn, *, approve: bool) -> bool:
    if approve and finding.check is ToolCheck.PIN:
        return False
    return fail_on.counts(finding.action, finding.severity)


def _write(scan: Scan, output_format: ToolFormat, output: Path | None, color: Colour) -> None:
    from aidefence import __version__  # noqa: PLC0415

    with target(output, Format(output_format.value)) as stream:
        match output_format:
            case ToolFormat.HUMAN:
                write_human(scan, console(stream, colour=color.forced))
            case ToolFormat.SARIF:
                write_sarif(scan, stream, __version__)
            case ToolFormat.JSON:
                write_json(scan, stream)
        stream.flush()
