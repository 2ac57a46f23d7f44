"""Logs: one line for each event, as JSON or for people. Never a text that was inspected."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aidefence.app.settings.words import LogFormat
from aidefence.delivery.http.access_log import AccessLines
from aidefence.domain.errors import AIDefenceError

if TYPE_CHECKING:
    from aidefence.app.settings import Settings
    from aidefence.app.settings.log import LogSettings

# The server's own lines go where ours go.
QUIET_SERVER: dict[str, Any] = {
    "handlers": {},
    "formatters": {},
    "loggers": {"_granian": {"handlers": []}, "granian.access": {"handlers": []}},
}
# What every record has; all else is what somebody told with it.
_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_COLOURS = {"critical": "31;1", "error": "31", "warning": "33", "info": "32", "debug": "34"}
_LEVEL_WIDTH = 8
_EVENT_WIDTH = 30


def set_up_logs(log: LogSettings) -> None:
    """Write all lines to standard error, as the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines() if log.format is LogFormat.JSON else TextLines(coloured=sys.stderr.isatty())
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log.level.upper())


def access_lines(settings: Settings) -> AccessLines | None:
    """What writes a line about each request; none where nobody wants it."""
    log = settings.log
    if not log.access:
        return None
    as_json = log.format is LogFormat.JSON
    return AccessLines(partial(os.write, sys.stderr.fileno()), as_json=as_json)


class JsonLines(logging.Formatter):
    """Lines for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """Write what happened, and all that was told with it, as one object."""
        return json.dumps(_told(record), sort_keys=True, default=repr)


class TextLines(logging.Formatter):
    """Lines for people."""

    def __init__(self, *, coloured: bool) -> None:
        super().__init__()
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """Write when, how grave and what, then who and all that was told with it."""
        told = _told(record)
        time, level, event, name = (told.pop(it) for it in ("time", "level", "event", "logger"))
        grave = f"{level:<{_LEVEL_WIDTH}}"
        if self._coloured:
            grave = f"\x1b[{_COLOURS.get(level, '0')}m{grave}\x1b[0m"
        words = (f"{key}={_shown(value)}" for key, value in sorted(told.items()))
        line = f"{time} [{grave}] {_in_a_line(event):<{_EVENT_WIDTH}} [{name}] {' '.join(words)}"
        return line.rstrip()


def _told(record: logging.LogRecord) -> dict[str, Any]:
    told = {key: value for key, value in vars(record).items() if key not in _KNOWN}
    told["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
    told["level"] = record.levelname.lower()
    told["logger"] = record.name
    told["event"] = record.getMessage()
    return told | _failure(record)


def _failure(record: logging.LogRecord) -> dict[str, Any]:
    """Tell where something failed, but of an error that is not ours only its name.

    Its words may hold a piece of what was inspected.
    """
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)
    told: dict[str, Any] = {"error": type(error).__name__}
    if isinstance(error, AIDefenceError):
        told["reason"] = str(error)
    return told | {"at": [f"{it.filename}:{it.lineno} {it.name}" for it in frames]}


def _shown(value: object) -> str:
    """Write a value so that it is seen where it ends."""
    if isinstance(value, str) and value.isprintable() and value and " " not in value:
        return value
    return json.dumps(value, ensure_ascii=False, default=repr)


def _in_a_line(text: str) -> str:
    """Write a text so that nothing in it can pass for a line of its own."""
    return text if text.isprintable() else json.dumps(text)
