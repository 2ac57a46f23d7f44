"""`aidefence scan`: texts in, evidence out, exit code for scripts."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
import typer
from rich.console import Console

from aidefence.delivery.cli import scan_options as given
from aidefence.delivery.cli.human import HumanReport, summary_line
from aidefence.delivery.cli.options import (
    Colour,
    ColourOption,
    DeepOption,
    DenseOption,
    Exit,
    ListsOption,
    ParanoiaOption,
    PolicyOption,
    ProfileOption,
    RulesOption,
    TopicsOption,
    fail,
    open_guard,
)
from aidefence.delivery.cli.progress import Progress
from aidefence.delivery.cli.report import (
    Column,
    JsonLinesReport,
    JsonReport,
    QuietReport,
    Report,
    Row,
    Summary,
)
from aidefence.delivery.cli.sarif import SarifReport
from aidefence.delivery.cli.scan_options import FailOn, Format
from aidefence.delivery.cli.sources import (
    TEXT_BYTES_MAX,
    InputFormat,
    Item,
    Notice,
    SourceOptions,
    Sources,
)
from aidefence.delivery.cli.terminal import console, printable
from aidefence.domain.decision import CUT_SHORT, UNREAD
from aidefence.domain.enums import ACTIONS, Action, Direction, Origin, Profile, Severity

if TYPE_CHECKING:
    from aidefence import DecisionBatch, Guard

_CHUNK_TEXTS = 4096
_CHUNK_CHARACTERS = 8 * 1024 * 1024
_NOTICES_KEPT = 1000
_NOTICES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Job:
    """One scan, fully described."""

    sources: Sources
    origin: Origin
    direction: Direction
    threads: int
    fail_on: FailOn


def scan(  # noqa: PLR0917 - one parameter an option is how typer reads a command
    texts: given.Texts = None,
    file: given.Files = None,
    input_format: given.Input = InputFormat.AUTO,
    field: given.Field = "text",
    id_field: given.IdField = "id",
    include: given.Include = None,
    exclude: given.Exclude = None,
    max_bytes: given.MaxBytes = TEXT_BYTES_MAX,
    output_format: given.Output = given.Format.HUMAN,
    output: given.OutputFile = None,
    with_text: given.WithText = False,
    show_clean: given.ShowClean = False,
    fail_on: given.Fail = given.FailOn.FLAG,
    profile: ProfileOption = Profile.BALANCED,
    origin: given.From = Origin.USER,
    direction: given.Towards = Direction.INPUT,
    rules: RulesOption = None,
    paranoia: ParanoiaOption = 1,
    exclude_rule: given.ExcludeRule = None,
    lists: ListsOption = None,
    topics: TopicsOption = None,
    policy: PolicyOption = None,
    dense: DenseOption = None,
    deep: DeepOption = None,
    threads: given.Threads = 0,
    quiet: given.Quiet = False,
    color: ColourOption = Colour.AUTO,
) -> None:
    """Scan texts, files and folders.

    Exit codes: 0 clean, 1 found, 2 something could not be scanned.
    """
    arguments, paths = _asked(texts or [], file or [])
    options = SourceOptions(
        field, id_field, input_format, tuple(include or ()), tuple(exclude or ()), max_bytes
    )
    guard = open_guard(
        profile=profile,
        rules=rules,
        paranoia=paranoia,
        exclude=tuple(exclude_rule or ()),
        lists=tuple(lists or ()),
        topics=tuple(topics or ()),
        policies=tuple(policy or ()),
        dense=dense,
        deep=deep,
    )
    # What this installation cannot check holds for every text.
    summary = Summary(degraded={missed.check: missed.reason for missed in guard.degraded})
    sources = Sources(arguments, paths, options, _Collector(summary).add)
    few = not paths and "-" not in arguments
    style = _Style(output_format, with_text, show_clean or few, quiet, color)
    try:
        _write(guard, Job(sources, origin, direction, threads, fail_on), summary, style, output)
    except BrokenPipeError:
        _silence_stdout()
        raise typer.Exit(Exit.BROKEN_PIPE) from None
    _tell_notices(summary, quiet=quiet)
    raise typer.Exit(summary.exit_code)


def _asked(arguments: list[str], paths: list[Path]) -> tuple[list[str], list[Path]]:
    if not arguments and not paths:
        raise typer.BadParameter("nothing to scan: give texts, `-` for standard input, or --file")
    return arguments, paths


@dataclass(frozen=True, slots=True)
class _Style:
    format: Format
    with_text: bool
    show_clean: bool
    quiet: bool
    colour: Colour


def _write(guard: Guard, job: Job, summary: Summary, style: _Style, output: Path | None) -> None:
    with target(output, style.format) as stream:
        terminal = console(stream, colour=style.colour.forced)
        # On one terminal the bar must live where the report is printed, or they overlap.
        shared = style.format is Format.HUMAN and terminal.is_terminal and output is None
        wanted = not style.quiet and sys.stderr.isatty() and (shared or not stream.isatty())
        display = terminal if shared else console(sys.stderr)
        with Progress(display, job.sources, enabled=wanted and bool(job.sources.paths)) as bar:
            report = _report(style, terminal, stream)
            started = time.perf_counter()
            _run(guard, job, report, summary, bar)
            summary.seconds = time.perf_counter() - started
        report.close(summary)
        stream.flush()
    if style.format is not Format.HUMAN and not style.quiet and sys.stderr.isatty():
        console(sys.stderr).print(summary_line(summary))


def _run(guard: Guard, job: Job, report: Report, summary: Summary, bar: Progress) -> None:
    """Inspect chunk after chunk: memory stays the same for ten texts and ten million."""
    for chunk in _chunks(job.sources):
        batch = guard.inspect_batch(
            [item.text for item in chunk],
            origin=job.origin,
            direction=job.direction,
            threads=job.threads,
        )
        _report_chunk(chunk, batch, job.fail_on, report, summary)
        bar.texts(len(chunk))


def _report_chunk(
    chunk: list[Item], batch: DecisionBatch, fail_on: FailOn, report: Report, summary: Summary
) -> None:
    columns = batch.columns()
    found = _found(columns, fail_on)
    summary.texts += len(chunk)
    summary.characters += sum(len(item.text) for item in chunk)
    summary.found += int(found.sum())
    summary.cut_short += int((columns["exhausted"] & 1).sum())
    if unread_count := int((columns["exhausted"] >> 1).sum()):
        summary.missed[UNREAD] += unread_count
    for missing, count in batch.missed.items():
        if missing.check not in summary.degraded:
            summary.missed[missing] += count
    for code, count in enumerate(np.bincount(columns["action"], minlength=len(ACTIONS)).tolist()):
        summary.actions[ACTIONS[code].value] += count
    # Objects are made only for what is written.
    for position in np.flatnonzero(report.wants.of(columns["action"], found)).tolist():
        decision = batch[position]
        missed = tuple(d for d in decision.degraded if d.check not in summary.degraded)
        report.add(Row(chunk[position], decision, bool(found[position]), missed))


def _found(columns: Mapping[str, Column], fail_on: FailOn) -> Column:
    if fail_on is FailOn.NEVER:
        return np.zeros(columns["action"].shape, dtype=np.bool_)
    if fail_on.is_action:
        return columns["action"] >= Action(fail_on.value).code
    return (columns["category"] >= 0) & (columns["severity"] >= Severity(fail_on.value).code)


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    chunk: list[Item] = []
    characters = 0
    for item in items:
        chunk.append(item)
        characters += len(item.text)
        if len(chunk) >= _CHUNK_TEXTS or characters >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _report(style: _Style, terminal: Console, stream: TextIO) -> Report:
    from aidefence import __version__  # noqa: PLC0415

    if style.quiet and stream is sys.stdout:
        return QuietReport()
    match style.format:
        case Format.HUMAN:
            return HumanReport(terminal, show_clean=style.show_clean)
        case Format.JSON:
            return JsonReport(stream, with_text=style.with_text)
        case Format.JSONL:
            return JsonLinesReport(stream, with_text=style.with_text)
        case Format.SARIF:
            return SarifReport(stream, version=__version__, with_text=style.with_text)


@contextlib.contextmanager
def target(output: Path | None, output_format: Format) -> Iterator[TextIO]:
    """Standard output, or a file that appears whole or not at all."""
    encoding = "utf-8" if output or output_format is not Format.HUMAN else None
    if output is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")
        yield sys.stdout
        return
    draft = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with draft.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            yield stream
        draft.replace(output)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        fail(f"cannot write `{output}`: {(error.strerror or str(error)).lower()}")
    finally:
        draft.unlink(missing_ok=True)


class _Collector:
    """Keeps what went wrong: the first ones in full, all of them counted."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary

    def add(self, notice: Notice) -> None:
        self._summary.errors += notice.is_error
        if len(self._summary.notices) < _NOTICES_KEPT:
            self._summary.notices.append(notice)
        else:
            self._summary.notices_dropped += 1


def _tell_notices(summary: Summary, *, quiet: bool) -> None:
    terminal = console(sys.stderr)
    told = [notice for notice in summary.notices if notice.is_error or not quiet]
    for notice in told[:_NOTICES_SHOWN]:
        style = "red" if notice.is_error else "dim"
        terminal.print(f"aidefence: {printable(str(notice))}", style=style)
    if not quiet:
        for check, reason in summary.degraded.items():
            terminal.print(f"aidefence: {check} did not run: {reason}", style="yellow")
        for missed, count in summary.missed.items():
            unread = f"{missed.check} did not finish {count:,} texts: {missed.reason}"
            terminal.print(f"aidefence: {unread}", style="yellow")
        if summary.cut_short:
            stopped = f"{CUT_SHORT.check} stopped early in {summary.cut_short:,} texts"
            terminal.print(f"aidefence: {stopped}: {CUT_SHORT.reason}", style="yellow")
    more = len(told) - _NOTICES_SHOWN + summary.notices_dropped
    if more > 0:
        terminal.print(f"aidefence: {more:,} more like these", style="dim")


def _silence_stdout() -> None:
    # The interpreter flushes standard output once more at exit and would complain there.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
