"""The process beside the workers: takes journals over, tells webhooks, purges.

In a process of its own, because a thread of a worker that does all that would make requests wait
for the interpreter. It gets its settings on standard input, and ends when that is closed: so it
never outlives whoever started it.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING

from aidefence.adapters.journal.segments import is_finished, only_one
from aidefence.adapters.system import SystemClock
from aidefence.app.logs import set_up_logs
from aidefence.app.parts.policies import PolicyParts, open_policies
from aidefence.app.parts.store import Store, make_folder, open_store
from aidefence.app.settings.words import KeptContent
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.refusals import UnavailableError

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

_log = logging.getLogger("aidefence.housekeeping")

_NICE = 5
_LOCK = ".housekeeping"
_LOOK_SECONDS = 1.0
_END_SECONDS = 5.0
_STANDARD_INPUT = 0
_FOLD_SECONDS = 0.25
_WEBHOOK_SECONDS = 1.0
_PURGE_SECONDS = 600.0
_PROOF_SECONDS = 0.25
_ROLLOUT_SECONDS = 2.0
_TALLIES_MS = 7 * 24 * 3_600_000
# Long enough for others who want to write to get their turn.
_BREATH_SECONDS = 0.005
# While the store does not answer, it is not asked more often than this.
_PATIENCE_SECONDS = 2.0


class Housekeeper:
    """Sees to it that somebody keeps house: every worker has one, of all one has the process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = make_folder(settings.state_dir / "journal") / _LOCK
        self._stopping = Event()
        self._thread = Thread(target=self._look, name="aidefence-housekeeper", daemon=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more, and let the process, if it is ours, end what it does."""
        self._stopping.set()
        self._thread.join()
        if self._process is not None:
            _end(self._process)

    def _look(self) -> None:
        while True:
            running = self._process is not None and self._process.poll() is None
            if not running and is_finished(self._lock):
                if self._process is not None:
                    _end(self._process)
                self._process = self._begin()
            if self._stopping.wait(_LOOK_SECONDS):
                return

    def _begin(self) -> subprocess.Popen[bytes] | None:
        command = [sys.executable, "-m", "aidefence.app.housekeeping"]
        try:
            # What stands on our standard output may be for a client alone.
            process = subprocess.Popen(  # noqa: S603 -- our own
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            )
        except OSError as error:
            _log.warning("nobody keeps house", extra={"reason": error.strerror})
            return None
        if process.stdin is not None:
            pickle.dump(self._settings, process.stdin)
            process.stdin.flush()
        return process


def main() -> int:
    """Keep house until standard input is closed."""
    # From whoever started us, over a pipe that nobody else has.
    settings: Settings = pickle.load(sys.stdin.buffer)  # noqa: S301
    set_up_logs(settings.log)
    os.nice(_NICE)
    try:
        with only_one(settings.state_dir / "journal" / _LOCK) as ours:
            if ours:
                ended = Event()
                Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
                keep_house(settings, open_store(settings, _redactor(settings)), ended)
    except (AIDefenceError, OSError) as error:
        # Whoever started us tries again; until then nothing is taken over, and nothing lost.
        _log.error("nobody keeps house", extra={"reason": str(error)})
        return 1
    return 0


def keep_house(settings: Settings, store: Store, ended: Event) -> None:
    """Do all chores, each in its own time, until it is to end."""
    policies = open_policies(settings, store)
    chores: dict[str, tuple[float, Callable[[], object]]] = {
        "fold": (_FOLD_SECONDS, store.folding.fold_some),
        "webhooks": (_WEBHOOK_SECONDS, store.jobs.deliver_next),
        "purge": (_PURGE_SECONDS, lambda: _purge(store, policies)),
        "proofs": (_PROOF_SECONDS, policies.prove_next),
        "policy-watch": (settings.policies.watch_minutes * 60, policies.watch.look),
        "roll-outs": (_ROLLOUT_SECONDS, policies.steward.look),
    }
    threads = [
        Thread(target=keep_doing, args=(name, seconds, chore, ended), name=f"aidefence-{name}")
        for name, (seconds, chore) in chores.items()
    ]
    for thread in threads:
        thread.start()
    ended.wait()
    # A proof in the middle is looked for again by whoever keeps house next.
    policies.prover.close()
    for thread in threads:
        thread.join()
    take_rest(store)


def keep_doing(name: str, seconds: float, chore: Callable[[], object], ended: Event) -> None:
    """Do one chore again and again, and soon again where it says that there is more."""
    while not ended.is_set():
        pause = seconds
        try:
            if chore():
                pause = _BREATH_SECONDS
        except UnavailableError as error:
            pause = max(seconds, _PATIENCE_SECONDS)
            _log.warning("the store does not answer", extra={"by": name, "reason": str(error)})
        except Exception:  # noqa: BLE001 -- a thread that ends in silence would stop it all
            pause = max(seconds, _PATIENCE_SECONDS)
            _log.exception("a chore failed", extra={"by": name})
        ended.wait(pause)


def take_rest(store: Store) -> None:
    """Take over what is left in journals; what cannot be is there at the next start."""
    try:
        while store.folding.fold():
            pass
    except (UnavailableError, OSError) as error:
        _log.warning("journals wait for the next start", extra={"reason": str(error)})
    store.database.close()


def _purge(store: Store, policies: PolicyParts) -> None:
    store.retention.purge()
    store.jobs.purge()
    policies.stores.tallies.purge(SystemClock().now_ms() - _TALLIES_MS)


def _redactor(settings: Settings) -> Callable[[str], str]:
    if settings.store.content is not KeptContent.REDACTED:
        return lambda _: ""
    # Loaded only where it is needed: it is most of what a worker holds in memory.
    from aidefence.app.guard import Guard  # noqa: PLC0415

    guard = Guard.of(settings.setup())
    return lambda text: guard.redact(text).text


def _wait_for_end(ended: Event) -> None:
    # Not by its buffer: whoever holds that keeps the interpreter from ending.
    while os.read(_STANDARD_INPUT, 1):
        pass
    ended.set()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        # Whatever it was doing is done again by the next one: it loses nothing.
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
