"""Looks for proofs in a process of its own: neither its work nor its end is felt by requests."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from aidefence.domain.job import InterruptedWorkError
from aidefence.domain.policy_store import PolicyVersion, Progress
from aidefence.domain.refusals import UnavailableError
from aidefence.ports.proving import Comparison, Proven, Told

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

COMMAND = (sys.executable, "-m", "aidefence.app.proof_worker")
_ATTEMPTS = 2
_TOLD, _DONE = "told", "done"


class ProofProcess:
    """A prover that asks another process, which ends when nobody asks any more.

    Safe to share between threads; one at a time is answered.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._asking = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def basis(self, version: PolicyVersion) -> str:
        """Name all that a proof about this version would rest on."""
        return cast("str", self._ask("basis", version))

    def prove(self, version: PolicyVersion, told: Told) -> Proven:
        """Prove the claims about a version, or find what breaks them.

        Raises:
            UnavailableError: the process ended, or took too long.
            InterruptedWorkError: we are about to end.

        """
        return cast("Proven", self._ask("prove", version, told=told))

    def fault(self, version: PolicyVersion, certificate: bytes, now_ms: int) -> str:
        """Judge a certificate from nothing; gives what is wrong with it, or nothing."""
        return cast("str", self._ask("fault", version, certificate, now_ms))

    def compare(self, old: PolicyVersion, new: PolicyVersion) -> Comparison:
        """Look where two versions decide differently.

        Raises:
            UnavailableError: the process ended, or took too long.

        """
        return cast("Comparison", self._ask("compare", old, new))

    def close(self) -> None:
        """End the process, whatever it does; whoever waits for it is told so."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()
        with self._asking:
            self._end()

    def _ask(self, what: str, *given: object, told: Told | None = None) -> object:
        with self._asking:
            for _ in range(_ATTEMPTS):
                try:
                    return self._asked(self._begun(), what, given, told)
                except (EOFError, OSError, pickle.UnpicklingError):
                    # It was killed, or ended while it was about to be asked.
                    self._end()
                if self._closed:
                    raise InterruptedWorkError("proofs end here")
        raise UnavailableError("the process that proves ended without a word, again and again")

    def _asked(
        self,
        process: subprocess.Popen[bytes],
        what: str,
        given: tuple[object, ...],
        told: Told | None,
    ) -> object:
        seconds = self._settings.policies.prove_seconds_max
        late = threading.Event()
        timer = threading.Timer(seconds, _stop(process, late))
        timer.daemon = True
        timer.start()
        try:
            return _answer(process, what, given, told)
        except (EOFError, OSError, pickle.UnpicklingError):
            if late.is_set():
                self._end()
                raise UnavailableError(f"it took longer than {seconds:g} seconds") from None
            raise
        finally:
            timer.cancel()

    def _begun(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is not None and process.poll() is None:
            return process
        self._end()
        process = subprocess.Popen(  # noqa: S603 -- our own
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._process = process
        _send(process, self._settings)
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            # What it did not take any more is lost with it.
            with suppress(OSError):
                _pipe(stream).close()
        process.wait()


def _answer(
    process: subprocess.Popen[bytes], what: str, given: tuple[object, ...], told: Told | None
) -> object:
    _send(process, (what, given))
    while True:
        # From a process that we started ourselves, over a pipe that nobody else has.
        kind, value = pickle.load(_pipe(process.stdout))  # noqa: S301
        if kind == _DONE:
            return value
        if kind != _TOLD:
            raise UnavailableError(str(value))
        if told is not None:
            told(cast("Progress", value))


def _send(process: subprocess.Popen[bytes], what: object) -> None:
    stream = _pipe(process.stdin)
    pickle.dump(what, stream)
    stream.flush()


def _pipe(stream: Any) -> Any:  # noqa: ANN401 -- a pipe, as both directions have it
    if stream is None:
        raise EOFError
    return stream


def _stop(process: subprocess.Popen[bytes], late: threading.Event) -> Callable[[], None]:
    def stop() -> None:
        late.set()
        process.kill()

    return stop
