"""Try something in a process of its own, so that nothing of it stays in this one."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable

from aidefence.domain.errors import AIDefenceError, ConfigError


def attempt(what: Callable[[], object]) -> None:
    """Run it in a copy of this process, and wait.

    Threads do not live on in a copy: whoever is to be copied later must not start any, and
    building an engine does.

    Raises:
        AIDefenceError: as it was raised there.

    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os._exit(_report(what, writer))
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        failure = told.read()
    _, status = os.waitpid(child, 0)
    if failure:
        raise pickle.loads(failure)  # noqa: S301 -- our own copy wrote it
    if status:
        raise ConfigError(f"the engine cannot be built: its process ended with status {status}")


def _report(what: Callable[[], object], writer: int) -> int:
    try:
        what()
    except AIDefenceError as error:
        with os.fdopen(writer, "wb") as tell:
            pickle.dump(error, tell)
    except BaseException:  # noqa: BLE001 -- a copy must never run on in its caller's place
        return 1
    return 0
