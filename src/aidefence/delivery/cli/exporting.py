"""`aidefence export`: write down for other tools what was decided."""

from __future__ import annotations

import re
import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from aidefence.delivery.cli.options import ConfigOption, fail
from aidefence.domain.access import LOCAL
from aidefence.domain.enums import Category, Severity
from aidefence.domain.episode import FeedFilter
from aidefence.domain.errors import AIDefenceError

_AGO = re.compile(r"(?P<count>\d{1,6})(?P<unit>[smhdw])")
_UNIT_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_TIME = "A time as 2026-05-01 or 2026-05-01T12:00:00Z, or how long ago as 90m, 24h, 7d."


class Format(StrEnum):
    """What the other tool takes in."""

    OCSF = "ocsf"
    CEF = "cef"
    SARIF = "sarif"
    STIX = "stix"


def export(
    format_name: Annotated[
        Format, typer.Option("--format", "-f", help="What the other tool takes in.")
    ] = Format.OCSF,
    since: Annotated[str | None, typer.Option(help=f"From when on. {_TIME}")] = None,
    until: Annotated[str | None, typer.Option(help="Until when. By default, now.")] = None,
    severity: Annotated[Severity, typer.Option(help="The mildest that is told of.")] = Severity.LOW,
    category: Annotated[
        list[Category] | None, typer.Option(help="Only this; repeat for more.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose requests.")] = LOCAL.tenant,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; by default standard output.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write threats of a time as OCSF, CEF, SARIF or STIX; texts never stand in it."""
    # By name: wiring stands above the doors.
    settings: Any = import_module("aidefence.app.settings")
    exporting: Any = import_module("aidefence.app.exporting")
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    wanted = FeedFilter(severity_min=severity, categories=frozenset(category or ()))
    begin_ms = 0 if since is None else _moment(since, "--since", now_ms)
    end_ms = None if until is None else _moment(until, "--until", now_ms)
    try:
        pieces = exporting.export(
            settings.read_settings(config),
            format_name.value,
            since_ms=begin_ms,
            until_ms=end_ms,
            tenant=tenant,
            wanted=wanted,
        )
        with _opened(output) as stream:
            for piece in pieces:
                stream.write(piece)
    except AIDefenceError as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot write `{output or 'standard output'}`: {error.strerror or error}")


def _opened(output: Path | None) -> AbstractContextManager[TextIO]:
    stream: TextIO = sys.stdout
    return nullcontext(stream) if output is None else output.open("w", encoding="utf-8")


def _moment(given: str, option: str, now_ms: int) -> int:
    ago = _AGO.fullmatch(given)
    if ago is not None:
        return now_ms - int(ago["count"]) * _UNIT_MS[ago["unit"]]
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter(f"`{given}` is no time. {_TIME}", param_hint=option) from None
    # What names no zone is taken for universal time: a machine's own zone is anybody's guess.
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(known.timestamp() * 1000)
