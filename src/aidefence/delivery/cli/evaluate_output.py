"""Where an evaluation is written: standard output, a page, and a counter while it runs."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import rich.progress as bars
import typer
from rich.console import Console

from aidefence.delivery.cli.evaluate_page import page
from aidefence.delivery.cli.evaluate_table import print_comparison, print_report
from aidefence.delivery.cli.options import Exit, fail
from aidefence.delivery.cli.terminal import console, json_text
from aidefence.service.evaluation_report import Object


def write_report(report: Object, html: Path | None, *, as_json: bool) -> None:
    """Write the page if there is to be one, then JSON or tables."""
    if html is not None:
        _write_whole(html, page(report))
    if as_json:
        _emit(sys.stdout, json_text(report, indent=2) + "\n", encoding="utf-8")
    else:
        _emit(sys.stdout, _drawn(sys.stdout, lambda to: print_report(to, report)))
    if "gate" in report:
        # Beside JSON the table for people goes where it cannot spoil the document.
        stream = sys.stderr if as_json else sys.stdout
        _emit(stream, _drawn(stream, lambda to: print_comparison(to, report["gate"])))


class Counter:
    """Counts scored texts on a terminal."""

    def __init__(self) -> None:
        self._bar = bars.Progress(
            bars.SpinnerColumn(),
            bars.TextColumn("{task.completed:,.0f} texts"),
            bars.TimeElapsedColumn(),
            console=console(sys.stderr),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("score", total=None)

    def __enter__(self) -> Callable[[int], None]:
        """Show the count; what is returned adds to it."""
        self._bar.start()
        return lambda count: self._bar.advance(self._task, count)

    def __exit__(self, *_: object) -> None:
        """Take the count away, whatever happened."""
        self._bar.stop()


def _drawn(stream: TextIO, draw: Callable[[Console], None]) -> str:
    """Draw for a stream without writing yet: the console's own end on a closed pipe is code 1."""
    terminal = console(stream)
    with terminal.capture() as captured:
        draw(terminal)
    return captured.get()


def _emit(stream: TextIO, text: str, encoding: str | None = None) -> None:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding=encoding, errors="backslashreplace")
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at exit and would complain there.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise typer.Exit(Exit.BROKEN_PIPE) from None


def _write_whole(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        draft.replace(path)
    except OSError as error:
        fail(f"cannot write `{path}`: {(error.strerror or str(error)).lower()}")
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
