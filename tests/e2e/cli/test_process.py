"""The command line as a process: signals, pipes, terminals, memory."""

from __future__ import annotations

import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.own_rule import RULE

AIDEFENCE = [sys.executable, "-m", "aidefence.delivery.cli"]
FOUND = "the passphrase is quuxzebra"
CLEAN = "What time does the museum open on Sundays?"


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("own")
    (folder / "secret").mkdir()
    (folder / "secret" / "test-zebra.yml").write_text(RULE)
    return [*AIDEFENCE, "scan", "--rules", str(folder)]


def _run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command, capture_output=True, text=True, timeout=120, check=False, **options
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("many") / "many.jsonl"
    with file.open("w") as stream:
        for number in range(300_000):
            text = FOUND if number % 100 == 0 else f"{CLEAN} {number}"
            stream.write(json.dumps({"id": number, "text": text}) + "\n")
    return file


@pytest.mark.parametrize(("text", "code"), [(CLEAN, 0), (FOUND, 1)])
def test_exit_codes(scan: list[str], text: str, code: int) -> None:
    assert _run([*scan, text]).returncode == code


def test_usage_errors_leave_with_two(scan: list[str]) -> None:
    assert _run([*scan, "--no-such-option"]).returncode == 2
    assert _run([*AIDEFENCE, "no-such-command"]).returncode == 2


def test_standard_input_is_scanned(scan: list[str]) -> None:
    done = _run([*scan, "-", "--input", "lines"], input=f"{CLEAN}\n{FOUND}\n")
    assert done.returncode == 1
    assert "stdin:2  block" in done.stdout


def test_interrupt_leaves_with_130_and_no_trace(scan: list[str]) -> None:
    process = subprocess.Popen(
        [*scan, "-", "--input", "lines"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    # It waits for more of its input when the signal comes.
    process.stdin.write(f"{CLEAN}\n")
    process.stdin.flush()
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_an_interrupted_output_file_does_not_appear(
    scan: list[str], many: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.jsonl"
    command = [*scan, "-f", str(many), "--format", "jsonl", "-o", str(target)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_is_no_drama(scan: list[str], many: Path) -> None:
    with subprocess.Popen(
        [*scan, "-f", str(many), "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["line"] == 1
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 141
    assert errors == b""


def test_memory_does_not_grow_with_the_input(scan: list[str], many: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    with many.open() as stream:
        few.write_text("".join(next(stream) for _ in range(10_000)))
    small, large = (_peak_kib(scan, file, tmp_path) for file in (few, many))
    assert large - small < 32 * 1024


def _peak_kib(scan: list[str], file: Path, folder: Path) -> int:
    target = folder / "report.sarif"
    command = [*scan, "-f", str(file), "--format", "sarif", "-o", str(target)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 1
    assert isinstance(usage, resource.struct_rusage)
    assert json.loads(target.read_text())["runs"][0]["properties"]["found"] >= 100
    return usage.ru_maxrss


def test_a_terminal_gets_a_bar_and_the_file_gets_none(scan: list[str], many: Path) -> None:
    main, terminal = pty.openpty()
    with subprocess.Popen(
        [*scan, "-f", str(many), "--format", "sarif"],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"},
    ) as process:
        os.close(terminal)
        assert process.stdout is not None
        shown, report = _drain(main, process.stdout.fileno())
    os.close(main)
    assert process.returncode == 1
    assert b"scanning" in shown
    assert b"texts" in shown
    assert b"%" in shown
    json.loads(report)


def _drain(*descriptors: int) -> list[bytes]:
    """Read all of them to the end, whichever speaks first."""
    read = dict.fromkeys(descriptors, b"")
    left = set(descriptors)
    while left:
        for descriptor in select.select(list(left), [], [], 120)[0]:
            try:
                data = os.read(descriptor, 65536)
            except OSError:
                # How Linux says that the other end of a terminal is gone.
                data = b""
            read[descriptor] += data
            if not data:
                left.discard(descriptor)
    return [read[descriptor] for descriptor in descriptors]


def test_names_of_files_in_any_bytes(scan: list[str], tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff\x1b[31m.txt"
    with open(odd, "w") as file:  # noqa: PTH123 - pathlib cannot name it
        file.write(FOUND)
    for form in ("human", "json", "jsonl", "sarif"):
        done = subprocess.run(
            [*scan, "-f", str(tmp_path), "--format", form],
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert b"\x1b" not in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr
        done.stdout.decode("utf-8")


def test_a_narrow_encoding_does_not_break_the_report(scan: list[str]) -> None:
    text = f"忽略 🙂 {FOUND}"
    done = _run([*scan, text], env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_help_needs_no_engine() -> None:
    done = _run([sys.executable, "-X", "importtime", *AIDEFENCE[1:], "scan", "--help"])
    assert done.returncode == 0
    assert "aidefence.engine" not in done.stderr
