"""Lean's own kernel as a judge of exports: a process that reads what our checker reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aidefence.adapters.lean.process import Running, Runtime
from aidefence.ports.prover import ProverError

PROGRAM: Final = Path(__file__).with_name("lean") / "importer.lean"
_SECONDS: Final = 240.0
# What is true and long is judged in time; what unfolds for ever is given up, not accepted.
_HEARTBEATS: Final = 400_000_000
_UNDECIDED: Final = "kernel: undecided"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Lean's kernel says; `decided` is false where it gave up or its process ended."""

    accepted: bool
    reason: str
    declared: int = 0
    decided: bool = True


class LeanKernel:
    """Judges exports from nothing, or on top of others that were accepted before.

    The process is started again when it ended, and gets back what it had kept.
    """

    def __init__(self, runtime: Runtime) -> None:
        """`runtime` must be made for `PROGRAM`."""
        self._runtime = runtime
        self._kept: list[tuple[str, str, list[str]]] = []
        self._running: Running | None = None

    def keep(self, name: str, export: bytes, *, on: str = "") -> Verdict:
        """Judge an export; if it is accepted, others can be judged on top of it by this name."""
        kept = (name, on, _lines(export))
        verdict = self._ask("keep", *kept)
        if verdict.accepted:
            self._kept.append(kept)
        return verdict

    def judge(self, export: bytes, *, on: str = "") -> Verdict:
        """Judge an export on top of what was kept so, or from nothing."""
        return self._ask("judge", "", on, _lines(export))

    def close(self) -> None:
        """End the process."""
        if self._running is not None:
            self._running.end()
            self._running = None

    def _ask(self, op: str, name: str, on: str, lines: list[str]) -> Verdict:
        try:
            running = self._ready()
            return _verdict(running, op, name, on, lines)
        except ProverError as error:
            self.close()
            return Verdict(False, f"no answer: {error}", decided=False)

    def _ready(self) -> Running:
        if self._running is None:
            running = Running(self._runtime)
            for name, on, lines in self._kept:
                if not _verdict(running, "keep", name, on, lines).accepted:
                    running.end()
                    raise ProverError(f"`{name}` was accepted before and is not now")
            self._running = running
        return self._running


def _verdict(running: Running, op: str, name: str, on: str, lines: list[str]) -> Verdict:
    asked = {"op": op, "as": name, "on": on, "lines": lines, "heartbeats": _HEARTBEATS}
    answer = running.ask(asked, _SECONDS)
    reason = str(answer["reason"])
    if reason:
        reason = f"line {answer['line']}: {reason}"
    decided = _UNDECIDED not in reason
    return Verdict(bool(answer["accepted"]), reason, int(answer["declared"]), decided)


def _lines(export: bytes) -> list[str]:
    text = export.decode("utf-8", errors="replace")
    return text.removesuffix("\n").split("\n") if text else []
