"""A Lean process that stays: one JSON object a line each way, ended by the clock, started again."""

from __future__ import annotations

import json
import os
import queue
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from aidefence.adapters.lean import package
from aidefence.ports.prover import (
    Elaborated,
    Exported,
    Found,
    Message,
    ProverError,
    ProverTimeoutError,
    Severity,
)

VERSION: Final = "4.28.0"
CHECKER: Final = Path(__file__).with_name("checker.lean")
THEOREMS_MAX: Final = 40
TEXT_BYTES_MAX: Final = 1 << 20
EXPORT_BYTES_MAX: Final = 256 << 20
REQUESTS_MAX: Final = 5_000
MEMORY_MAX: Final = 2_100 << 20
_START_SECONDS = 80.0
_THEORY_SECONDS = 120.0
_CLOCK_TIMES = 20  # how much longer than it may work it may take, on a machine that is busy
_LOOK_SECONDS = 0.5
_CPU_SECONDS = 3_600
_FILE_BYTES = 1 << 20
_OPEN_FILES = 256
_HEARTBEATS = 200_000
_LOAD_HEARTBEATS = 2_000_000
_END = object()


@dataclass(frozen=True, slots=True)
class Runtime:
    """A Lean that can be started."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    apart: bool = False  # in namespaces of its own: no network, no rights


def find(program: Path = CHECKER) -> Runtime | None:
    """Return the Lean on the path if it is the right one, else the package, else none.

    It is started without a network where the kernel lets us take it away.
    """
    found = _native(program) or _packaged(program)
    apart = _apart()
    if found is None or not apart:
        return found
    return replace(found, command=(*apart, *found.command), apart=True)


def _apart() -> tuple[str, ...]:
    """Return what starts a program in a user and a network namespace of its own, if it may."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    command = (unshare, "--user", "--net", "--")
    try:
        ended = subprocess.run(  # noqa: S603 - fixed words
            [*command, "true"], capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return () if ended.returncode else command


def _native(program: Path) -> Runtime | None:
    lean = shutil.which("lean")
    if lean is None or f"version {VERSION}," not in _said(lean, "--version"):
        return None
    library = _said(lean, "--print-libdir").strip()
    if not library:
        return None
    command = (lean, "--run", str(program), library)
    return Runtime(f"lean {VERSION}", command, {"PATH": os.defpath}, program.parent)


def _packaged(program: Path) -> Runtime | None:
    node, there = shutil.which("node"), package.installed()
    if node is None or there is None:
        return None
    library, here = str(there.library), str(program.parent)
    flags = ["--wasm-lazy-validation", "--stack-size=4000", *_permissions(node)]
    if len(flags) > 2:  # noqa: PLR2004 - this Node has a permission model
        flags += [f"--allow-fs-read={it}" for it in (f"{there.folder}/*", f"{here}/*")]
        flags += ["--allow-worker"]
    environment = {
        "PATH": os.defpath,
        "LEAN_PATH": library,
        "LEAN_POOL": "1",
        "LEAN_MOUNT": f"{there.folder}:{here}",
    }
    command = (node, *flags, str(there.program), "--run", str(program), library)
    return Runtime(f"lean {VERSION} (WebAssembly)", command, environment, program.parent)


def _permissions(node: str) -> list[str]:
    """Return the flag that keeps Node from files, if this one has it."""
    said = _said(node, "--version").strip().removeprefix("v").split(".")
    major = int(said[0]) if said[0].isdigit() else 0
    if major >= 24:  # noqa: PLR2004 - where the flag lost its long name
        return ["--permission"]
    return ["--experimental-permission"] if major >= 20 else []  # noqa: PLR2004 - where it came


def _said(program: str, flag: str) -> str:
    try:
        ended = subprocess.run(  # noqa: S603 - a program of the path, a fixed flag
            [program, flag], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout


class LeanProcess:
    """Speaks to one process, starts it again when it ends, and gives it back what it had loaded.

    What was loaded comes back after a new start; a crash, a time-out or an end is an error of the
    request that met it, never an answer.
    """

    def __init__(
        self, runtime: Runtime, *, theory: Sequence[str] = (), seconds: float = 60.0
    ) -> None:
        """Take the texts of the theory, in order, and how long a request may work."""
        self._runtime = runtime
        self._theory = tuple(theory)
        self._seconds = seconds
        self._kept: list[tuple[str, bool]] = []
        self._running: Running | None = None
        self._worked = 0.0

    @property
    def worked(self) -> float:
        """How many seconds of the processor requests have used; starting it does not count."""
        return self._worked

    @property
    def name(self) -> str:
        """Which Lean it is."""
        return self._runtime.name

    def load(self, text: str, *, guarded: bool = False) -> Elaborated:
        """Elaborate and, if there is no error, keep."""
        self._limit(text)
        done = self._send("load", {"text": text, "heartbeats": _LOAD_HEARTBEATS}, guarded=guarded)
        elaborated = _elaborated(done)
        if elaborated.ok:
            self._kept.append((text, guarded))
        return elaborated

    def drop(self) -> None:
        """Forget what the last `load` kept."""
        if self._kept:
            self._kept.pop()
            if self._running is not None:
                self._send("drop")

    def check(
        self, text: str, theorems: Sequence[str] = (), *, heartbeats: int = _HEARTBEATS
    ) -> Elaborated:
        """Elaborate what a stranger wrote, report on theorems, forget."""
        self._limit(text)
        if len(theorems) > THEOREMS_MAX:
            raise ProverError(
                f"{len(theorems)} theorems asked about at once, at most {THEOREMS_MAX}"
            )
        asked = {"text": text, "theorems": list(theorems), "heartbeats": heartbeats}
        return _elaborated(self._send("check", asked, guarded=True))

    def export(self, roots: Sequence[str], text: str = "") -> Exported:
        """Elaborate `text`, write down what `roots` stand on, forget."""
        self._limit(text)
        lines: list[str] = []
        done = self._send(
            "export", {"text": text, "roots": list(roots)}, guarded=bool(text), lines=lines
        )
        elaborated = _elaborated(done)
        if not elaborated.ok:
            return Exported(elaborated)
        axioms = tuple(sorted(map(str, done.get("axioms", ()))))
        return Exported(elaborated, tuple(lines), axioms, int(done.get("declarations", 0)))

    def listed(self, prefix: str) -> tuple[Found, ...]:
        """Return the theorems whose names start so."""
        return _elaborated(self._send("list", {"text": prefix})).theorems

    def close(self) -> None:
        """End the process."""
        if self._running is not None:
            self._running.end()
            self._running = None

    @staticmethod
    def _limit(text: str) -> None:
        if len(text.encode()) > TEXT_BYTES_MAX:
            raise ProverError(f"the text has more than {TEXT_BYTES_MAX} bytes")

    def _send(
        self,
        op: str,
        body: Mapping[str, object] | None = None,
        *,
        guarded: bool = False,
        lines: list[str] | None = None,
    ) -> dict[str, Any]:
        running = self._ready()
        asked = {"op": op, "guarded": guarded, **(body or {})}
        try:
            return self._counted(running, asked, lines)
        except ProverError:
            self.close()
            raise

    def _counted(
        self, running: Running, asked: Mapping[str, object], lines: list[str] | None
    ) -> dict[str, Any]:
        before = running.worked()
        try:
            return running.ask(asked, self._seconds, lines)
        finally:
            self._worked += max(0.0, running.worked() - before)

    def _ready(self) -> Running:
        running = self._running
        if running is not None and not running.worn_out():
            return running
        self.close()
        running = Running(self._runtime)
        try:
            for text in self._theory:
                again = {"op": "load", "text": text, "heartbeats": _LOAD_HEARTBEATS}
                _must(running.ask(again, _THEORY_SECONDS))
            for text, guarded in self._kept:
                again = {"op": "load", "text": text, "guarded": guarded}
                _must(running.ask({**again, "heartbeats": _LOAD_HEARTBEATS}, self._seconds))
        except ProverError:
            running.end()
            raise
        self._running = running
        return running


class Running:
    """One process: its pipes, a thread that reads, and what it has used."""

    def __init__(self, runtime: Runtime) -> None:
        self._room = tempfile.TemporaryDirectory(prefix="aidefence-lean-")
        environment = {**runtime.environment, "HOME": self._room.name, "TMPDIR": self._room.name}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a command of our own making
                runtime.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd=runtime.folder,
                start_new_session=True,
                preexec_fn=_confine,  # noqa: PLW1509 - sets limits, nothing else
            )
        except OSError as error:
            self._room.cleanup()
            raise ProverError(f"cannot start {runtime.name}: {error.strerror}") from error
        self._lines: queue.Queue[bytes | object] = queue.Queue(maxsize=10_000)
        self._count = 0
        output = self._process.stdout
        if output is None:
            raise ProverError(f"{runtime.name} has no output")
        threading.Thread(target=self._read, args=(output,), daemon=True).start()
        try:
            self._answer(0, _START_SECONDS, None)
        except ProverError:
            self.end()
            raise

    def ask(
        self, body: Mapping[str, object], seconds: float, lines: list[str] | None = None
    ) -> dict[str, Any]:
        """Send one request and wait for its answer; lines of an export go into `lines`."""
        self._count += 1
        sent = json.dumps({"id": self._count, **body}, ensure_ascii=False) + "\n"
        try:
            if self._process.stdin is None:
                raise ProverError("the prover has no input")
            self._process.stdin.write(sent.encode())
            self._process.stdin.flush()
        except OSError as error:
            raise ProverError(f"the prover ended: {error.strerror}") from error
        return self._answer(self._count, seconds, lines)

    def worn_out(self) -> bool:
        """Whether it ended, has done much, or has grown: WebAssembly never gives memory back."""
        ended = self._process.poll() is not None
        return ended or self._count >= REQUESTS_MAX or self._memory() > MEMORY_MAX

    def worked(self) -> float:
        """Return the seconds of the processor that it has used; none where nobody counts."""
        try:
            told = Path(f"/proc/{self._process.pid}/stat").read_text("ascii", "replace")
            # After the name, which may hold anything: user and system time are 14th and 15th.
            ticks = told.rpartition(")")[2].split()[11:13]
            return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError):
            return 0.0

    def end(self) -> None:
        """End it and whatever it started."""
        with suppress(OSError):
            os.killpg(self._process.pid, 9)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._room.cleanup()

    def _memory(self) -> int:
        try:
            with Path(f"/proc/{self._process.pid}/statm").open() as file:
                return int(file.read().split()[1]) * resource.getpagesize()
        except (OSError, ValueError, IndexError):
            return 0

    def _read(self, output: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            for line in output:
                self._lines.put(line)
        self._lines.put(_END)

    def _answer(self, number: int, seconds: float, lines: list[str] | None) -> dict[str, Any]:
        size, limit = 0, _Limit(self.worked, seconds)
        while True:
            line = self._line(limit)
            if not isinstance(line, bytes):
                code = self._process.poll()
                raise ProverError(f"the prover ended in the middle of a request ({code})")
            if line.startswith(b'{"id":'):
                return self._matching(number, line)
            size += len(line)
            if size > EXPORT_BYTES_MAX:
                raise ProverError(f"the prover wrote more than {EXPORT_BYTES_MAX} bytes")
            if lines is not None and line.startswith(b"{"):
                lines.append(line.decode())

    def _line(self, limit: _Limit) -> bytes | object:
        while True:
            with suppress(queue.Empty):
                return self._lines.get(timeout=_LOOK_SECONDS)
            if limit.reached():
                raise ProverTimeoutError("the prover did not answer in time")

    @staticmethod
    def _matching(number: int, line: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise ProverError(f"the prover answered no JSON: {error}") from error
        if not isinstance(answer, dict) or answer.get("id") != number:
            raise ProverError("the prover answered another request")
        if "failed" in answer:
            raise ProverError(f"the prover refused the request: {answer['failed']}")
        return answer


class _Limit:
    """How long a request may work: what else the machine does must not decide what is proved.

    One that does not work at all is ended by the clock, and so is any where nobody counts its work.
    """

    def __init__(self, worked: Callable[[], float], seconds: float) -> None:
        self._worked, self._seconds = worked, seconds
        self._begun = self._moved = time.monotonic()
        self._from = self._last = worked()

    def reached(self) -> bool:
        """Whether it has worked, or rested, for too long."""
        now, worked = time.monotonic(), self._worked()
        if worked > self._last:
            self._last, self._moved = worked, now
        rested = now - self._moved > self._seconds
        late = now - self._begun > self._seconds * _CLOCK_TIMES
        return rested or late or worked - self._from > self._seconds


def _confine() -> None:
    """Set limits in the new process: no large files, no dumps, little of everything else."""
    for what, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        resource.setrlimit(what, (limit, limit))


def _must(answer: dict[str, Any]) -> None:
    done = _elaborated(answer)
    if not done.ok:
        said = done.refused or next((it.text for it in done.messages), "no message")
        raise ProverError(f"what must be there does not load: {said[:200]}")


def _elaborated(answer: Mapping[str, Any]) -> Elaborated:
    return Elaborated(
        errors=bool(answer.get("errors")),
        refused=str(answer.get("refused", "")),
        messages=tuple(_message(it) for it in answer.get("messages", ())),
        theorems=tuple(_found(it) for it in answer.get("theorems", ())),
        ms=int(answer.get("ms", 0)),
    )


def _message(told: Mapping[str, Any]) -> Message:
    start = told["pos"]
    end = told.get("endPos") or start
    places = (start["line"], start["column"], end["line"], end["column"])
    return Message(Severity(told["severity"]), *places, str(told["data"]))


def _found(told: Mapping[str, Any]) -> Found:
    if not told.get("found"):
        return Found(str(told["name"]), "")
    return Found(
        name=str(told["name"]),
        kind=str(told["kind"]),
        statement=str(told["type"]),
        statement_name=str(told["type_const"]),
        library=tuple(map(str, told["axioms_core"])),
        axioms=tuple(map(str, told["axioms_own"])),
    )
