"""`aidefence bench`: how fast this installation is on this machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.machine import Machine
from aidefence.delivery.cli.options import (
    DeepOption,
    DenseOption,
    JsonOption,
    ProfileOption,
    open_guard,
)
from aidefence.delivery.cli.terminal import console, json_text
from aidefence.domain.enums import Profile
from aidefence.service.benchmark_texts import MIX_NAME, mixed_texts

if TYPE_CHECKING:
    from aidefence.service.benchmark import Latency, Throughput

_Given = TypeVar("_Given")

_SIZES_BYTES = (100, 500, 2_000, 20_000)
_BATCH_BYTES = 4_000_000
_CALLS_MIN = 20
_CALLS_MAX = 50_000
_TEXTS_MIN = 10
_TEXTS_MAX = 20_000
_SAMPLE_MAX = 50
_ROUNDS_MIN = 3
_ROUNDS_MAX = 200


def bench(
    seconds: Annotated[
        float, typer.Option(min=0.1, help="About how long to measure each line.")
    ] = 1.0,
    threads: Annotated[int, typer.Option(min=0, help="Threads of batches; 0: all cores.")] = 0,
    profile: ProfileOption = Profile.BALANCED,
    dense: DenseOption = None,
    deep: DeepOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure single calls and batches on texts of several sizes.

    For a look at your machine; the numbers we publish come from the repository's bench folder.
    """
    # Imported here: numpy takes more memory than any command that does without it.
    from aidefence.service.benchmark import time_calls, time_rounds  # noqa: PLC0415

    guard = open_guard(profile=profile, rules=None, paranoia=1, dense=dense, deep=deep)
    machine = Machine.here()
    lines: list[tuple[int, Latency, Throughput]] = []
    for size in _SIZES_BYTES:
        texts = mixed_texts(size, _TEXTS_MAX if size == _SIZES_BYTES[0] else _BATCH_BYTES // size)
        once = _seconds_a_call(guard.inspect, texts, seconds / 4)
        calls = max(_CALLS_MIN, min(_CALLS_MAX, int(seconds / once)))
        latency = time_calls(guard.inspect, texts, calls=calls, now_ns=time.perf_counter_ns)
        # The least number of rounds, and one before them, must fit into the time it is given.
        fitting = int(seconds / (_ROUNDS_MIN + 1) / once)
        texts = texts[: max(_TEXTS_MIN, fitting)]

        def run(batch: Sequence[str]) -> object:
            return guard.inspect_batch(batch, threads=threads).columns()

        once = _seconds_of(run, texts)
        rounds = max(_ROUNDS_MIN, min(_ROUNDS_MAX, int(seconds / max(once, 1e-6))))
        lines.append(
            (size, latency, time_rounds(run, texts, rounds=rounds, now_ns=time.perf_counter_ns))
        )
    if as_json:
        body = {
            "machine": machine.as_object(),
            "payload": MIX_NAME,
            "threads": threads or machine.cores,
            "lines": [_line_object(*line) for line in lines],
        }
        sys.stdout.write(json_text(body, indent=2) + "\n")
        return
    terminal = console(sys.stdout)
    terminal.print(Text(f"{machine}"))
    terminal.print(Text(f"payload {MIX_NAME}: own texts, 12 and more languages, 1 in 5 an attack"))
    terminal.print(_table(lines, threads or machine.cores))


def _seconds_a_call(call: Callable[[str], object], texts: Sequence[str], limit: float) -> float:
    """What a call takes in the mean of the first texts, looked at for about `limit` seconds."""
    taken: list[float] = []
    for text in texts[:_SAMPLE_MAX]:
        taken.append(_seconds_of(call, text))
        if sum(taken) > limit:
            break
    return max(sum(taken) / len(taken), 1e-7)


def _seconds_of(run: Callable[[_Given], object], given: _Given) -> float:
    started = time.perf_counter()
    run(given)
    return time.perf_counter() - started


def _table(lines: list[tuple[int, Latency, Throughput]], threads: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = ("size", "guard.inspect p50", "p99", "calls", f"batch, {threads} threads", "MB/s")
    for name in columns:
        table.add_column(name, justify="right")
    for size, latency, bulk in lines:
        table.add_row(
            f"{size:,} B",
            f"{latency.p50_ns / 1000:.2f} µs",
            f"{latency.p99_ns / 1000:.2f} µs",
            f"{latency.calls:,}",
            f"{bulk.texts_per_second:,.0f}/s",
            f"{bulk.bytes_per_second / 1e6:,.1f}",
        )
    return table


def _line_object(size: int, latency: Latency, bulk: Throughput) -> dict[str, Any]:
    return {
        "size_bytes": size,
        "inspect": {
            "calls": latency.calls,
            "p50_ns": latency.p50_ns,
            "p99_ns": latency.p99_ns,
            "mean_ns": latency.mean_ns,
        },
        "inspect_batch": {
            "rounds": bulk.rounds,
            "texts_per_second": bulk.texts_per_second,
            "bytes_per_second": bulk.bytes_per_second,
        },
    }
