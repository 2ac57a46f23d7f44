"""Logs: one line for each event, as JSON or for people. Never a text that was inspected."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from functools import partial
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from aidefence.app.settings import Settings
from aidefence.app.settings.log import LogFormat, LogSettings
from aidefence.delivery.http.access_log import AccessLines
from aidefence.domain.errors import AIDefenceError

# The server's own lines go where ours go.
QUIET_SERVER: dict[str, Any] = {
    "handlers": {},
    "formatters": {},
    "loggers": {"_granian": {"handlers": []}, "granian.access": {"handlers": []}},
}


def set_up_logs(log: LogSettings) -> None:
    """Write all lines to standard error, as the settings say."""
    first: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _without_contents,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(log.format),
            ],
        )
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


def _renderer(form: LogFormat) -> Processor:
    if form is LogFormat.JSON:
        return structlog.processors.JSONRenderer(sort_keys=True)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), timestamp_key="time")


def _without_contents(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Tell where something failed, but of an error that is not ours only its name.

    Its words may hold a piece of what was inspected.
    """
    told = event.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["error"] = type(error).__name__
        if isinstance(error, AIDefenceError):
            event["reason"] = str(error)
        event["at"] = [f"{it.filename}:{it.lineno} {it.name}" for it in frames]
    return event
