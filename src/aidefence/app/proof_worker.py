"""The process that proves: asked over a pipe, it ends when nobody asks any more."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sys
from typing import TYPE_CHECKING, BinaryIO, cast

from aidefence.adapters.policy_log import PolicyLog
from aidefence.adapters.signing import SigningKey, read_public
from aidefence.adapters.system import SystemClock
from aidefence.app.logs import set_up_logs
from aidefence.app.places import Places
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.policy_store import PolicyVersion
from aidefence.engine import PolicySet
from aidefence.service.proof_bench import ProofBench

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

_NICE = 5
_IDLE_SECONDS = 30


def open_bench(settings: Settings) -> ProofBench:
    """Open all that proves and signs.

    Raises:
        ConfigError: the folder cannot be made, or key or log cannot be used.

    """
    Places(settings.state_dir).prepare()
    key = SigningKey(settings.state_dir / "audit.key")
    for path in settings.store.audit_keys:
        key.trust(read_public(path))
    return ProofBench(
        PolicySet.load,
        key,
        PolicyLog(settings.state_dir / "policy.log", key).append,
        SystemClock(),
        days=settings.policies.certificate_days,
    )


def main() -> int:
    """Answer until standard input is closed, or nobody has asked for a while."""
    taken, told = sys.stdin.buffer, _own_pipe()
    # From whoever started us, over a pipe that nobody else has.
    settings: Settings = pickle.load(taken)  # noqa: S301
    set_up_logs(settings.log)
    os.nice(_NICE)
    most = settings.policies.prove_bytes_max
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    bench: ProofBench | None = None
    while True:
        # It ends us where nobody asks; whoever asks later starts another one.
        signal.alarm(_IDLE_SECONDS)
        try:
            what, given = pickle.load(taken)  # noqa: S301 -- the same
        except EOFError:
            return 0
        signal.alarm(0)
        try:
            bench = bench or open_bench(settings)
            answer = ("done", _do(bench, what, given, told))
        except AIDefenceError as error:
            answer = ("refused", str(error))
        except MemoryError:
            answer = ("refused", f"it would have taken more than {most} bytes of memory")
        _send(told, answer)


def _do(bench: ProofBench, what: str, given: tuple[object, ...], told: BinaryIO) -> object:
    if what == "prove":
        version = cast("PolicyVersion", given[0])
        return bench.prove(version, lambda progress: _send(told, ("told", progress)))
    work = {"basis": bench.basis, "fault": bench.fault, "compare": bench.compare}[what]
    return work(*given)  # type: ignore[operator]


def _own_pipe() -> BinaryIO:
    """Keep standard output for answers alone: what others write there goes to the log."""
    own = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(own, "wb")


def _send(told: BinaryIO, what: object) -> None:
    pickle.dump(what, told)
    told.flush()


if __name__ == "__main__":
    sys.exit(main())
