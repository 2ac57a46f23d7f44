"""The bars of long work: how far, how fast, how long yet. Only ever on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import rich.progress as bars
from rich.console import Console

from aidefence.delivery.cli.sources import Sources


@contextmanager
def counting(
    console: Console, what: str, total: int, *, enabled: bool
) -> Iterator[Callable[[], None]]:
    """Count work that is done one by one; when not enabled, show nothing."""
    if not enabled:
        yield lambda: None
        return
    columns = (bars.TextColumn(what), bars.BarColumn(), bars.MofNCompleteColumn())
    with bars.Progress(
        *columns,
        bars.TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


class Progress:
    """Follows the bytes that sources read and the texts that were inspected."""

    def __init__(self, console: Console, sources: Sources, *, enabled: bool) -> None:
        """Follow `sources`; when not enabled, cost nothing and show nothing."""
        self._texts = 0
        self._bar: bars.Progress | None = None
        if not enabled:
            return
        self._bar = bars.Progress(
            bars.TextColumn("scanning"),
            bars.BarColumn(),
            bars.TaskProgressColumn(),
            bars.TextColumn("{task.fields[texts]:,} texts"),
            bars.TransferSpeedColumn(),
            bars.TimeRemainingColumn(),
            console=console,
            transient=True,
            # Reports go to their own stream; they must not be drawn into the bar's.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("scan", total=sources.bytes_total(), texts=0)
        sources.advance = self._advance

    def texts(self, count: int) -> None:
        """Count inspected texts."""
        self._texts += count
        if self._bar is not None:
            self._bar.update(self._task, texts=self._texts)

    def _advance(self, count: int) -> None:
        if self._bar is not None:
            self._bar.advance(self._task, count)

    def __enter__(self) -> Self:
        """Show the bar."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away, whatever happened."""
        if self._bar is not None:
            self._bar.stop()
